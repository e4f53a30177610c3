"""Courses found."""

import re

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload, undefer

from lms.db import Page, db
from lms.domain.courses.models import Course, Lesson, Section

PAGE = 24
COUNTED = 1000  # a catalogue counts up to here and says "more than" above it; its total stops at COUNTED + 1


def catalogue(word="", subject="", language="", free=False, number=1):
    """One page of published courses, newest first."""
    rows = select(Course.id).where(Course.state == "published")
    query = _tsquery(word)
    if query:
        rows = rows.where(Course.words.bool_op("@@")(func.to_tsquery("simple", query)))
    if subject:
        rows = rows.where(Course.subject == subject)
    if language:
        rows = rows.where(Course.language == language)
    if free:
        rows = rows.where(Course.price == 0)
    total = db.session.scalar(select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()))
    number = min(max(1, number), -(-(COUNTED + 1) // PAGE))
    chosen = rows.order_by(Course.published_at.desc(), Course.id.desc()).limit(PAGE).offset((number - 1) * PAGE).subquery()
    shown = (
        select(Course)
        .join(chosen, Course.id == chosen.c.id)
        .options(joinedload(Course.teacher))
        .order_by(Course.published_at.desc(), Course.id.desc())
    )
    return Page(db.session.scalars(shown).all(), number, total)


def _tsquery(word):
    """All words, the last as a prefix; only letters and digits reach the parser."""
    words = re.findall(r"\w+", word.lower().replace("\x00", ""))[:8]
    return " & ".join(words[:-1] + [f"{words[-1]}:*"]) if words else ""


def subjects():
    """The subjects with published courses, in alphabetical order."""
    rows = select(Course.subject).where(Course.state == "published", Course.subject != "").distinct().order_by(Course.subject).limit(50)
    return db.session.scalars(rows).all()


def by_slug(slug):
    """The course with teacher, sections and lessons (without bodies), or None."""
    return db.session.scalar(
        select(Course)
        .where(Course.slug == slug)
        .options(joinedload(Course.teacher), selectinload(Course.sections).selectinload(Section.lessons))
    )


def by_id(course_id):
    return db.session.get(Course, course_id)


def lesson(course, slug):
    """A lesson of the course with its body, or None."""
    return db.session.scalar(select(Lesson).where(Lesson.course_id == course.id, Lesson.slug == slug).options(undefer(Lesson.body)))


def translations(course):
    """The published versions of this course in other languages."""
    root = course.translation_of_id or course.id
    rows = select(Course).where(
        (Course.id == root) | (Course.translation_of_id == root), Course.id != course.id, Course.state == "published"
    )
    return db.session.scalars(rows.limit(10)).all()


def taught_by(teacher, number=1):
    """One page of the teacher's courses, in every state."""
    rows = select(Course).where(Course.teacher_id == teacher.id)
    total = db.session.scalar(select(func.count()).select_from(rows.subquery()))
    items = db.session.scalars(rows.order_by(Course.id.desc()).limit(PAGE).offset((number - 1) * PAGE)).all()
    return Page(items, number, total)


def waiting(limit=50):
    """Courses submitted, oldest first."""
    rows = select(Course).where(Course.state == "submitted").options(joinedload(Course.teacher)).order_by(Course.submitted_at).limit(limit)
    return db.session.scalars(rows).all()


def waiting_count():
    return db.session.scalar(select(func.count()).where(Course.state == "submitted"))


def lesson_to_edit(course, slug):
    """The lesson with its body, its row locked, so that of two saves the second sees the first."""
    rows = select(Lesson).where(Lesson.course_id == course.id, Lesson.slug == slug).options(undefer(Lesson.body))
    return db.session.scalar(rows.with_for_update().execution_options(populate_existing=True))


def section(course, section_id):
    return db.session.scalar(select(Section).where(Section.course_id == course.id, Section.id == section_id))
