"""Mail to send: a row in the transaction that caused it, so that a lost job loses no mail."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User

MOST_TRIES = 8


class Mail(Model):
    """`kind` names a template in templates/mail/. The secret link in it is made when it is sent and stands nowhere."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_unsent", "id", postgresql_where="sent_at IS NULL"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str]
    address: Mapped[str]
    written_at: Mapped[object] = mapped_column(Moment)
    sent_at: Mapped[object | None] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)

    user: Mapped[User] = relationship()
