"""The quiz of a lesson: its questions, and the options one chooses from."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model
from lms.domain.courses.models import Lesson

MOST_MINUTES, PASSING_PERCENT = 240, 60


class Quiz(Model):
    """A lesson has one as soon as a question stands in it. `minutes` is the time for an attempt, None for as long as one likes."""

    __tablename__ = "quizzes"
    __table_args__ = (
        CheckConstraint(f"minutes BETWEEN 1 AND {MOST_MINUTES}", name="minutes"),
        CheckConstraint("passing_percent BETWEEN 1 AND 100", name="passing_percent"),
    )

    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True)
    minutes: Mapped[int | None]
    passing_percent: Mapped[int] = mapped_column(default=PASSING_PERCENT)

    lesson: Mapped[Lesson] = relationship()
    questions: Mapped[list["Question"]] = relationship(back_populates="quiz", order_by="Question.position, Question.id", cascade="all, delete-orphan", passive_deletes=True)


class Question(Model):
    """`has_several`: several options may be right, and all of them must be chosen. One option is, where it is not set."""

    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("quizzes.lesson_id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    text: Mapped[str]
    has_several: Mapped[bool] = mapped_column(default=False)

    quiz: Mapped[Quiz] = relationship(back_populates="questions")
    options: Mapped[list["Option"]] = relationship(order_by="Option.position, Option.id", cascade="all, delete-orphan", passive_deletes=True)


class Option(Model):
    """`explanation` says to who has handed in why it is right, or is not."""

    __tablename__ = "options"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    text: Mapped[str]
    explanation: Mapped[str] = mapped_column(default="")
    is_right: Mapped[bool] = mapped_column(default=False)
