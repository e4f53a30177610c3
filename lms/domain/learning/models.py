"""Who is enrolled in what, and how far he is."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms import clock
from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course


class Enrolment(Model):
    """`paid` (cents of cash) and the rulebook's version are frozen: rewards are computed from them."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        CheckConstraint("paid >= 0 AND done >= 0", name="amounts"),
        Index("ix_enrolments_course_id", "course_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), unique=True)
    paid: Mapped[int] = mapped_column(BigInteger, default=0)
    rule_version: Mapped[int]
    matures_at: Mapped[datetime] = mapped_column(Moment)
    enrolled_at: Mapped[datetime] = mapped_column(Moment)
    done: Mapped[int] = mapped_column(default=0)
    completed_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # its money went back; who buys the course again goes on where he was

    course: Mapped[Course] = relationship()
    user: Mapped[User] = relationship()

    @property
    def is_maturing(self) -> bool:
        """Whether what the course earned cannot be used yet."""
        return self.matures_at > clock.now()

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.course.lesson_count) if self.course.lesson_count else 0


class LessonCompletion(Model):
    __tablename__ = "lesson_completions"

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    completed_at: Mapped[datetime] = mapped_column(Moment)
