"""What members uploaded: what is known of a file. Its bytes are in the store, under a name that says nothing."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, Moment


class File(Model):
    """`place` is its random name in the store, `name` what its owner called it, `media_type` what its content is. Who may read it says the noun it belongs to."""

    __tablename__ = "files"
    __table_args__ = (CheckConstraint("size > 0", name="size"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    place: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]  # bytes
    sha256: Mapped[bytes]
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
