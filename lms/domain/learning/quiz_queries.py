"""Attempts at quizzes found."""

from collections.abc import Sequence

from sqlalchemy import Exists, Select, select
from sqlalchemy.orm import defer

from lms import clock
from lms.db import db
from lms.domain.courses.quiz_models import Question
from lms.domain.learning.attempt_models import GRACE, Answer, QuizAttempt
from lms.domain.learning.models import LessonCompletion

LISTED = 50  # attempts: one may try for ever


def attempts(enrolment_id: int, lesson_id: int) -> Sequence[QuizAttempt]:
    """The last attempts, oldest first. Their questions come when they are asked for, in a statement each."""
    rows = _of(enrolment_id, lesson_id).options(defer(QuizAttempt.questions)).order_by(QuizAttempt.id.desc()).limit(LISTED)
    return db.session.scalars(rows.execution_options(populate_existing=True)).all()[::-1]


def open_attempt(enrolment_id: int, lesson_id: int) -> QuizAttempt | None:
    """The attempt under way, or None; one past its deadline too, until it is closed."""
    rows = _of(enrolment_id, lesson_id).where(QuizAttempt.closed_at.is_(None))
    return db.session.scalar(rows.execution_options(populate_existing=True))


def own(enrolment_id: int, lesson_id: int, attempt_id: int) -> QuizAttempt | None:
    """One of the attempts, or None."""
    return db.session.scalar(_of(enrolment_id, lesson_id).where(QuizAttempt.id == attempt_id).execution_options(populate_existing=True))


def shown(enrolment_id: int, lesson_id: int) -> QuizAttempt | None:
    """The attempt that says how far one is: the one under way, else the last that passed, else the last. Its questions come when they are asked for."""
    rows = _of(enrolment_id, lesson_id).options(defer(QuizAttempt.questions))
    rows = rows.order_by(QuizAttempt.closed_at.is_not(None), QuizAttempt.has_passed.desc(), QuizAttempt.id.desc()).limit(1)
    return db.session.scalar(rows.execution_options(populate_existing=True))


def chosen(attempt: QuizAttempt) -> dict[int, list[int]]:
    """{question id: [option ids]} of what was saved."""
    return dict(db.session.execute(select(Answer.question_id, Answer.chosen).where(Answer.attempt_id == attempt.id)).all())


def has_passed(enrolment_id: int, lesson_id: int) -> bool:
    """Whether one of the attempts passed."""
    return db.session.scalars(select(_passed(enrolment_id, lesson_id))).one()


def is_left(enrolment_id: int, lesson_id: int) -> bool:
    """Whether the lesson's quiz is to be passed before the lesson is complete; not by who completed it when it had none."""
    asks = select(Question.id).where(Question.lesson_id == lesson_id).exists()
    completed = select(LessonCompletion.lesson_id).where(LessonCompletion.enrolment_id == enrolment_id, LessonCompletion.lesson_id == lesson_id).exists()
    return db.session.scalars(select(asks & ~_passed(enrolment_id, lesson_id) & ~completed)).one()


def late_ids(limit: int = 500) -> Sequence[int]:
    """Ids of the attempts whose time is up, the longest first."""
    rows = select(QuizAttempt.id).where(QuizAttempt.closed_at.is_(None), QuizAttempt.ends_at <= clock.now() - GRACE)
    return db.session.scalars(rows.order_by(QuizAttempt.ends_at).limit(limit)).all()


def _passed(enrolment_id: int, lesson_id: int) -> Exists:
    return _of(enrolment_id, lesson_id).where(QuizAttempt.has_passed.is_(True)).exists()


def _of(enrolment_id: int, lesson_id: int) -> Select[QuizAttempt]:
    return select(QuizAttempt).where(QuizAttempt.enrolment_id == enrolment_id, QuizAttempt.lesson_id == lesson_id)
