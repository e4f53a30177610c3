"""Quizzes found."""

from sqlalchemy import ScalarResult, Select, select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import db
from lms.domain.courses.models import Course, Lesson
from lms.domain.courses.quiz_models import Question, Quiz


def quiz(lesson: Lesson) -> Quiz | None:
    """The lesson's Quiz with questions and options, or None. One statement, so that all of it is of one moment, whoever is writing."""
    return _whole(select(Quiz).where(Quiz.lesson_id == lesson.id)).one_or_none()


def written(lesson: Lesson) -> Quiz:
    """As `quiz`, of a lesson that has one."""
    return _whole(select(Quiz).where(Quiz.lesson_id == lesson.id)).one()


def of_course(course: Course) -> dict[int, Quiz]:
    """{lesson id: its Quiz with questions and options} of the lessons that have one, for who reads all of them; one statement."""
    found = _whole(select(Quiz).join(Quiz.lesson).where(Lesson.course_id == course.id)).all()
    return {quiz.lesson_id: quiz for quiz in found if quiz.questions}


def question(lesson: Lesson, question_id: int) -> Question | None:
    """A question of the lesson's quiz with its options, or None."""
    rows = select(Question).where(Question.lesson_id == lesson.id, Question.id == question_id).options(selectinload(Question.options))
    return db.session.scalar(rows)


def _whole(rows: Select[Quiz]) -> ScalarResult[Quiz]:
    return db.session.scalars(rows.options(joinedload(Quiz.questions).joinedload(Question.options)).execution_options(populate_existing=True)).unique()
