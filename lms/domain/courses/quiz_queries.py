"""Quizzes found."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import db
from lms.domain.courses.quiz_models import Question, Quiz


def quiz(lesson):
    """The lesson's Quiz with questions and options, or None. One statement, so that all of it is of one moment, whoever is writing."""
    rows = select(Quiz).where(Quiz.lesson_id == lesson.id).options(joinedload(Quiz.questions).joinedload(Question.options))
    return db.session.scalars(rows.execution_options(populate_existing=True)).unique().one_or_none()


def question(lesson, question_id):
    """A question of the lesson's quiz with its options, or None."""
    rows = select(Question).where(Question.lesson_id == lesson.id, Question.id == question_id).options(selectinload(Question.options))
    return db.session.scalar(rows)
