"""A student's wish to teach, its documents, and what admins said of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.files.models import File

OPEN = ("waiting", "returned")


class Application(Model):
    """waiting → approved, or returned with a `reason` and sent again; until it is approved its member may take it back.

    `edition` grows with each change: who decides says which one he has read."""

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'returned', 'approved', 'taken back')", name="state"),
        CheckConstraint("(ended_at IS NULL) = (state IN ('waiting', 'returned'))", name="ended"),
        Index("uq_applications_open", "user_id", unique=True, postgresql_where="state IN ('waiting', 'returned')"),
        Index("ix_applications_waiting", "sent_at", postgresql_where="state = 'waiting'"),
        Index("ix_applications_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str]
    experience: Mapped[str]
    link: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="waiting")
    edition: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    user: Mapped[User] = relationship()
    documents: Mapped[list["Document"]] = relationship(order_by="Document.file_id")
    decisions: Mapped[list["Decision"]] = relationship(order_by="Decision.id")

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class Document(Model):
    """A file that belongs to an application."""

    __tablename__ = "application_documents"

    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"), primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), index=True)

    file: Mapped[File] = relationship()


class Decision(Model):
    """What an admin said of one edition; `reason` is empty where he approved."""

    __tablename__ = "application_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    edition: Mapped[int]
    is_approved: Mapped[bool]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(Moment)

    by: Mapped[User] = relationship()
