"""What members have achieved in courses that cost nothing."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course


class Badge(Model):
    """One a member and course, for ever. `title` (of the course) and `teacher` (his name) are as they were when it was earned.

    `code` is the address of its page, which nobody guesses: whom the member shows it to may look."""

    __tablename__ = "badges"
    __table_args__ = (UniqueConstraint("user_id", "course_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    title: Mapped[str]
    teacher: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    earned_at: Mapped[datetime] = mapped_column(Moment)

    member: Mapped[User] = relationship()
    course: Mapped[Course] = relationship()
