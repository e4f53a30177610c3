"""What members are told, in the house and by mail: a row in the transaction that caused it, so that a lost job loses neither."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User

MOST_TRIES = 8


class Notice(Model):
    """Something a member should know, once for each kind and subject ("order:7"). `facts` are what its words are filled with."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "subject"),
        Index("ix_notices_user_id_id", "user_id", "id"),
        Index("ix_notices_unread", "user_id", postgresql_where="read_at IS NULL"),
        Index("ix_notices_read_at", "read_at", postgresql_where="read_at IS NOT NULL"),
        Index("ix_notices_undelivered", "id", postgresql_where="delivered_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[datetime] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)  # pushed to open pages, and its mail written

    user: Mapped[User] = relationship()


class Preference(Model):
    """Whether a member has mail of a kind; where there is no row, what the kind has at first holds."""

    __tablename__ = "notice_preferences"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    is_mailed: Mapped[bool]


class Mail(Model):
    """`kind` names a template in templates/mail/. The secret link in it is made when it is sent and stands nowhere.

    `failure` is the kind of its last failure; one that has `dropped_at` is never sent."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_unsent", "id", postgresql_where="sent_at IS NULL"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str]
    address: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(default="")
    dropped_at: Mapped[datetime | None] = mapped_column(Moment)
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id", ondelete="SET NULL"), unique=True)  # of the notice that it brings

    user: Mapped[User] = relationship()
    notice: Mapped[Notice | None] = relationship()

    @property
    def is_given_up(self) -> bool:
        """Nobody tries it again by himself."""
        return self.tries >= MOST_TRIES
