"""Work handed in on a lesson's exercise, and what reviewers say of it."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms import clock
from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.courses.models import Lesson
from lms.domain.learning.models import Enrolment

IN_REVIEW, PASSED, FAILED, WITHDRAWN = "in review", "passed", "failed", "withdrawn"


class Submission(Model):
    """`task` is the exercise as it was answered. Its teacher grades it (`is_for_teacher`) where too few may review it; `score` is the mean, or his."""

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint("state IN ('in review', 'passed', 'failed', 'withdrawn')", name="state"),
        CheckConstraint("(score IS NOT NULL) = (state IN ('passed', 'failed'))", name="score"),
        CheckConstraint("(state = 'in review') = (decided_at IS NULL)", name="decided_at"),
        Index("uq_submissions_lesson_id_enrolment_id", "lesson_id", "enrolment_id", unique=True, postgresql_where="state IN ('in review', 'passed')"),
        Index("ix_submissions_enrolment_id_lesson_id", "enrolment_id", "lesson_id"),
        Index("ix_submissions_for_teacher", "lesson_id", postgresql_where="is_for_teacher AND state = 'in review'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id"), index=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    task: Mapped[str]
    text: Mapped[str]
    handed_in_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(default=IN_REVIEW)
    is_for_teacher: Mapped[bool] = mapped_column(default=False)
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    feedback: Mapped[str] = mapped_column(default="")  # the teacher's
    decided_at: Mapped[datetime | None] = mapped_column(Moment)

    lesson: Mapped[Lesson] = relationship()
    enrolment: Mapped[Enrolment] = relationship()
    reviews: Mapped[list["PeerReview"]] = relationship(back_populates="submission", order_by="PeerReview.id")

    @property
    def is_open(self) -> bool:
        return self.state == IN_REVIEW

    @property
    def has_passed(self) -> bool:
        return self.state == PASSED

    @property
    def given(self) -> list["PeerReview"]:
        """The reviews that were given, in the order in which they were asked for."""
        return [review for review in self.reviews if review.given_at]


class PeerReview(Model):
    """One member asked for his opinion, until `due_at`; whoever is silent then is replaced (`closed_at`), and so is who was not waited for.

    `reward` is what it brought him, in millionths of TEO."""

    __tablename__ = "peer_reviews"
    __table_args__ = (
        UniqueConstraint("submission_id", "reviewer_id"),
        CheckConstraint("given_at IS NULL OR closed_at IS NULL", name="end"),
        CheckConstraint("(given_at IS NULL) = (score IS NULL)", name="score"),
        CheckConstraint("reward >= 0", name="reward"),
        Index("ix_peer_reviews_due_at", "due_at", postgresql_where="given_at IS NULL AND closed_at IS NULL"),
        Index("ix_peer_reviews_reviewer_id_given_at", "reviewer_id", "given_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    given_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(default="")
    reward: Mapped[int] = mapped_column(BigInteger, default=0)

    submission: Mapped[Submission] = relationship(back_populates="reviews")
    reviewer: Mapped[User] = relationship()

    @property
    def is_open(self) -> bool:
        return self.given_at is None and self.closed_at is None

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_at <= clock.now()
