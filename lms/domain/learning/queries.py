"""Enrolments found."""

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from lms.db import Page, db
from lms.domain.courses.models import Course
from lms.domain.learning.models import Enrolment, LessonCompletion

PAGE = 24


def enrolment(user_id, course_id):
    """The member's enrolment in a course, or None."""
    return db.session.scalar(
        select(Enrolment).join(Enrolment.course).options(contains_eager(Enrolment.course)).where(
            Enrolment.user_id == user_id, Enrolment.course_id == course_id
        )
    )


def of_member(user_id, number=1):
    """One page of the member's enrolments with courses and teachers, newest first."""
    rows = select(Enrolment).where(Enrolment.user_id == user_id)
    total = db.session.scalar(select(func.count()).select_from(rows.subquery()))
    rows = rows.options(joinedload(Enrolment.course).joinedload(Course.teacher)).order_by(Enrolment.id.desc())
    return Page(db.session.scalars(rows.limit(PAGE).offset((number - 1) * PAGE)).all(), number, total)


def completed_lessons(enrolment):
    """Ids of the lessons the student has completed."""
    return set(db.session.scalars(select(LessonCompletion.lesson_id).where(LessonCompletion.enrolment_id == enrolment.id)))


def count(course_id):
    return db.session.scalar(select(func.count()).where(Enrolment.course_id == course_id))
