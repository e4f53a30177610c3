"""Attempts at quizzes found."""

from sqlalchemy import select
from sqlalchemy.orm import defer

from lms import clock
from lms.db import db
from lms.domain.courses.quiz_models import Question
from lms.domain.learning.attempt_models import GRACE, Answer, QuizAttempt
from lms.domain.learning.models import LessonCompletion

LISTED = 50  # attempts: one may try for ever


def attempts(enrolment_id, lesson_id):
    """The last attempts, oldest first. Their questions come when they are asked for, in a statement each."""
    rows = _of(enrolment_id, lesson_id).options(defer(QuizAttempt.questions)).order_by(QuizAttempt.id.desc()).limit(LISTED)
    return db.session.scalars(rows.execution_options(populate_existing=True)).all()[::-1]


def open_attempt(enrolment_id, lesson_id):
    """The attempt under way, or None; one past its deadline too, until it is closed."""
    rows = _of(enrolment_id, lesson_id).where(QuizAttempt.closed_at.is_(None))
    return db.session.scalar(rows.execution_options(populate_existing=True))


def own(enrolment_id, lesson_id, attempt_id):
    """One of the attempts, or None."""
    return db.session.scalar(_of(enrolment_id, lesson_id).where(QuizAttempt.id == attempt_id).execution_options(populate_existing=True))


def shown(enrolment_id, lesson_id):
    """The attempt that says how far one is: the one under way, else the last that passed, else the last. Its questions come when they are asked for."""
    rows = _of(enrolment_id, lesson_id).options(defer(QuizAttempt.questions))
    rows = rows.order_by(QuizAttempt.closed_at.is_not(None), QuizAttempt.has_passed.desc(), QuizAttempt.id.desc()).limit(1)
    return db.session.scalar(rows.execution_options(populate_existing=True))


def chosen(attempt):
    """{question id: [option ids]} of what was saved."""
    return dict(db.session.execute(select(Answer.question_id, Answer.chosen).where(Answer.attempt_id == attempt.id)).all())


def has_passed(enrolment_id, lesson_id):
    """Whether one of the attempts passed."""
    return db.session.scalar(select(_of(enrolment_id, lesson_id).where(QuizAttempt.has_passed).exists()))


def is_left(enrolment_id, lesson_id):
    """Whether the lesson's quiz is to be passed before the lesson is complete; not by who completed it when it had none."""
    asks = select(Question.id).where(Question.lesson_id == lesson_id).exists()
    completed = select(LessonCompletion.lesson_id).where(LessonCompletion.enrolment_id == enrolment_id, LessonCompletion.lesson_id == lesson_id).exists()
    return db.session.scalar(select(asks & ~_of(enrolment_id, lesson_id).where(QuizAttempt.has_passed).exists() & ~completed))


def late_ids(limit=500):
    """Ids of the attempts whose time is up, the longest first."""
    rows = select(QuizAttempt.id).where(QuizAttempt.closed_at.is_(None), QuizAttempt.ends_at <= clock.now() - GRACE)
    return db.session.scalars(rows.order_by(QuizAttempt.ends_at).limit(limit)).all()


def _of(enrolment_id, lesson_id):
    return select(QuizAttempt).where(QuizAttempt.enrolment_id == enrolment_id, QuizAttempt.lesson_id == lesson_id)
