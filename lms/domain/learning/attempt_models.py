"""Attempts at quizzes, and what was chosen in them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms import clock
from lms.db import Model, Moment
from lms.domain.courses.models import Lesson
from lms.domain.learning.models import Enrolment

GRACE = timedelta(seconds=10)  # what is handed in at the last moment may be so long on its way


class AskedOption(TypedDict):
    id: int
    text: str
    explanation: str
    is_right: bool


class Asked(TypedDict):
    """A question as it was asked."""

    id: int
    text: str
    has_several: bool
    options: list[AskedOption]


class QuizAttempt(Model):
    """`questions` as they were asked, whatever becomes of the quiz: [{"id", "text", "has_several", "options": [{"id", "text", "explanation", "is_right"}]}].

    `right` is how many of the `count` questions were answered exactly."""

    __tablename__ = "quiz_attempts"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(questions) = count AND count > 0", name="count"),
        CheckConstraint("passing_percent BETWEEN 1 AND 100", name="passing_percent"),
        CheckConstraint("ends_at > began_at", name="ends_at"),
        CheckConstraint('(closed_at IS NULL) = ("right" IS NULL) AND "right" BETWEEN 0 AND count', name="right"),
        CheckConstraint('has_passed = (100 * "right" >= passing_percent * count) AND (closed_at IS NULL) = (has_passed IS NULL)', name="has_passed"),
        Index("uq_quiz_attempts_enrolment_id_lesson_id", "enrolment_id", "lesson_id", unique=True, postgresql_where="closed_at IS NULL"),
        Index("ix_quiz_attempts_enrolment_id_lesson_id", "enrolment_id", "lesson_id"),
        Index("ix_quiz_attempts_ends_at", "ends_at", postgresql_where="closed_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), index=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    questions: Mapped[list[Asked]] = mapped_column(JSONB)
    count: Mapped[int]
    passing_percent: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime | None] = mapped_column(Moment)  # None: as long as one likes
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    right: Mapped[int | None]
    has_passed: Mapped[bool | None]

    lesson: Mapped[Lesson] = relationship()
    enrolment: Mapped[Enrolment] = relationship()

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_over(self) -> bool:
        """Whether its time is up: nothing more is saved; what is handed in now was sent before."""
        return self.is_open and self.ends_at is not None and self.ends_at <= clock.now()

    @property
    def is_late(self) -> bool:
        """Whether it is to be closed with what was saved, and what is handed in now comes too late."""
        return self.is_open and self.ends_at is not None and self.ends_at + GRACE <= clock.now()

    @property
    def ran_out(self) -> bool:
        """Whether it was closed because its time was up, with what was saved by then."""
        return self.closed_at is not None and self.ends_at is not None and self.ends_at + GRACE <= self.closed_at

    @staticmethod
    def is_right(question: Asked, chosen: Collection[int]) -> bool:
        """Whether exactly the right options of one of the questions are chosen; `chosen` are their ids."""
        return set(chosen) == {option["id"] for option in question["options"] if option["is_right"]}


class Answer(Model):
    """`chosen`: ids of options, in the order in which they are asked."""

    __tablename__ = "answers"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("quiz_attempts.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of the attempt's: the quiz may have it no more
    chosen: Mapped[list[int]] = mapped_column(JSONB)
    saved_at: Mapped[datetime] = mapped_column(Moment)
