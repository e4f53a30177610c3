"""Members and their sign-in sessions."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, or_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment

if TYPE_CHECKING:

    class UserMixin:
        """As Flask-Login has it, which says nothing about its types."""

else:
    from flask_login import UserMixin

ROLES = ("student", "teacher", "admin")
LOCALES = ("en", "it")


class User(UserMixin, Model):
    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('student', 'teacher', 'admin')", name="role"),
        CheckConstraint("email = lower(email)", name="email"),
        CheckConstraint("new_email = lower(new_email)", name="new_email"),
        Index("ix_users_role", "role", "id"),
        Index("ix_users_suspended", "id", postgresql_where="suspended_at IS NOT NULL"),
        # A word is looked for anywhere in them.
        Index("ix_users_email_word", "email", postgresql_using="gin", postgresql_ops={"email": "gin_trgm_ops"}),
        Index("ix_users_name_word", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    new_email: Mapped[str | None]
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(deferred=True)
    role: Mapped[str] = mapped_column(default="student")
    locale: Mapped[str] = mapped_column(default="en")
    time_zone: Mapped[str] = mapped_column(default="UTC")
    created_at: Mapped[datetime] = mapped_column(Moment)
    verified_at: Mapped[datetime | None] = mapped_column(Moment)
    teacher_since: Mapped[datetime | None] = mapped_column(Moment)
    admin_since: Mapped[datetime | None] = mapped_column(Moment)  # when another admin made him one; of those the operators named, None
    suspended_at: Mapped[datetime | None] = mapped_column(Moment)
    frozen_at: Mapped[datetime | None] = mapped_column(Moment)  # by himself: nothing leaves his wallet
    password_changed_at: Mapped[datetime | None] = mapped_column(Moment)

    # Set by the session it was loaded with: Flask-Login keeps this in the cookie, never the id.
    session_token = None  # type: str | None
    session_id = None  # type: int | None
    session_kept_from = None  # type: datetime | None

    def get_id(self) -> str | None:
        return self.session_token

    @property
    def is_active(self) -> bool:
        return self.suspended_at is None

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @hybrid_property
    def is_shut(self) -> bool:
        """Suspended by an admin or frozen by himself: nothing leaves what he has here. Also as a condition in SQL."""
        return not self.is_active or self.is_frozen

    @is_shut.inplace.expression
    @classmethod
    def _is_shut(cls) -> ColumnElement[bool]:
        return or_(cls.suspended_at.is_not(None), cls.frozen_at.is_not(None))

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def is_student(self) -> bool:
        return self.role == "student"

    @property
    def is_teacher(self) -> bool:
        return self.role == "teacher"

    @property
    def has_taught(self) -> bool:
        """Whether he teaches, or did: what he sold, earned and staked stays his when he teaches no more."""
        return self.is_teacher or self.teacher_since is not None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def may_decide(self) -> bool:
        """Whether his word as an admin counts now."""
        return self.is_admin and self.is_active

    def may_decide_on(self, begun_at: datetime) -> bool:
        """Whether his word counts for what was begun then: not that of who was made an admin since, as an admin could make himself a second word."""
        return self.may_decide and (self.admin_since is None or self.admin_since <= begun_at)


class Session(Model):
    """One sign-in. The cookie holds the token, the row only its SHA-256."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    opened_at: Mapped[datetime] = mapped_column(Moment)
    proven_at: Mapped[datetime] = mapped_column(Moment)  # when the password was given last
    expires_at: Mapped[datetime] = mapped_column(Moment)
    agent: Mapped[str] = mapped_column(default="")

    user: Mapped[User] = relationship()


class Sighting(Model):
    """A member signed in from this device (SHA-256 of its random id) and network (/24 or /48)."""

    __tablename__ = "sightings"
    __table_args__ = (Index("ix_sightings_last_at", "last_at"), Index("ix_sightings_device", "device"), Index("ix_sightings_network", "network"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    device: Mapped[bytes] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
