"""Courses, their sections and lessons."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, column, exists, table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, column_property, mapped_column, query_expression, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.rulebook.amounts import BASIS, HIGHEST_PRICE

STATES = ("draft", "submitted", "returned", "published")
_WORDS = "to_tsvector('simple', title || ' ' || subject || ' ' || summary)"
_QUESTIONS = table("questions", column("lesson_id"))  # of quiz_models, which stand on this


class Course(Model):
    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'submitted', 'returned', 'published')", name="state"),
        CheckConstraint(f"price BETWEEN 0 AND {HIGHEST_PRICE}", name="price"),
        CheckConstraint(f"reward_bp BETWEEN 0 AND {BASIS}", name="reward_bp"),
        CheckConstraint(f"discount_bp BETWEEN 0 AND {BASIS}", name="discount_bp"),
        Index("ix_courses_words", "words", postgresql_using="gin"),
        Index("ix_courses_published", "published_at", "id", postgresql_where="state = 'published'"),
        Index("ix_courses_subject", "subject", "published_at", "id", postgresql_where="state = 'published'"),
        Index("ix_courses_free", "published_at", "id", postgresql_where="state = 'published' AND price = 0"),
        Index("ix_courses_waiting", "submitted_at", "id", postgresql_where="state = 'submitted'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    translation_of_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"), index=True)
    price: Mapped[int] = mapped_column(BigInteger, default=0)
    reward_bp: Mapped[int] = mapped_column(default=0)
    discount_bp: Mapped[int] = mapped_column(default=1000)  # the most a student may pay in TEO
    lesson_count: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="draft")
    comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    submitted_at: Mapped[datetime | None] = mapped_column(Moment)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    is_enrolled: Mapped[bool | None] = query_expression()  # whether the reader is, where a query asks; learning says how
    words: Mapped[str] = mapped_column(TSVECTOR, Computed(_WORDS, persisted=True), deferred=True)

    teacher: Mapped[User] = relationship()
    sections: Mapped[list["Section"]] = relationship(back_populates="course", order_by="Section.position, Section.id", cascade="all, delete-orphan")

    @property
    def is_published(self) -> bool:
        return self.state == "published"

    @property
    def submission(self) -> str:
        """Names one handing-in: who decides says which he has read."""
        return self.submitted_at.isoformat() if self.submitted_at else ""

    @property
    def is_free(self) -> bool:
        return self.price == 0

    @property
    def lessons(self) -> list["Lesson"]:
        return [lesson for section in self.sections for lesson in section.lessons]


class Section(Model):
    __tablename__ = "sections"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    title: Mapped[str]
    position: Mapped[int]

    course: Mapped[Course] = relationship(back_populates="sections")
    lessons: Mapped[list["Lesson"]] = relationship(back_populates="section", order_by="Lesson.position, Lesson.id", cascade="all, delete-orphan")


class Lesson(Model):
    __tablename__ = "lessons"
    __table_args__ = (UniqueConstraint("course_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"), index=True)
    slug: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="", deferred=True)
    exercise: Mapped[str] = mapped_column(default="", deferred=True)  # the task whose answer is handed in; empty for none
    minutes: Mapped[int] = mapped_column(default=1)
    is_preview: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)  # rises with each save: an editor opened before is out of date

    has_exercise: Mapped[bool] = column_property(exercise != "")
    has_quiz: Mapped[bool] = column_property(exists().where(_QUESTIONS.c.lesson_id == id).correlate_except(_QUESTIONS))
    section: Mapped[Section] = relationship(back_populates="lessons")
    course: Mapped[Course] = relationship()
