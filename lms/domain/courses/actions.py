"""Writing courses. What a text or number may be: checks; how one is published: approval."""

import secrets
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from lms import clock
from lms.db import Model, db
from lms.domain.accounts.models import LOCALES, User
from lms.domain.courses.checks import (
    LONGEST_SUBJECT,
    LONGEST_SUMMARY,
    check_discount,
    check_minutes,
    check_price,
    check_reward,
    clean_body,
    clean_line,
    clean_title,
    slugify,
)
from lms.domain.courses.models import Course, Lesson, Section
from lms.errors import DomainError, Forbidden, Invalid

Item = TypeVar("Item", Section, Lesson)
Row = TypeVar("Row", bound=Model)
MOST_SECTIONS, MOST_LESSONS = 100, 500  # of a course: its outline is one page


def create(teacher: User, title: str, slug: str | None = None) -> Course:
    """A draft of the teacher's."""
    if not teacher.is_teacher:
        raise Forbidden("Only teachers write courses.")
    title = clean_title(title)
    facts = dict(teacher_id=teacher.id, title=title, language=teacher.locale, created_at=clock.now())
    if slug:
        return _add(Course(slug=slug, **facts))
    try:
        with db.session.begin_nested():
            return _add(Course(slug=slugify(title), **facts))
    except IntegrityError:  # somebody has this address already
        return _add(Course(slug=f"{slugify(title)}-{secrets.token_hex(4)}", **facts))


def change(
    course: Course,
    *,
    title: str,
    summary: str,
    description: str,
    subject: str,
    language: str,
    price: int,
    reward_bp: int,
    discount_bp: int | None = None,
) -> None:
    """Edit what the catalogue shows. `price` in cents with VAT left out; in basis points of it `reward_bp` and `discount_bp`, the most a student may pay
    in TEO (None leaves it). Orders froze their terms: a change never reaches back."""
    check_price(price)
    check_reward(reward_bp)
    if discount_bp is not None:
        check_discount(discount_bp)
    if language not in LOCALES:
        raise Invalid("Choose one of the languages.")
    lock(course.id)
    course.title, course.summary, course.description = clean_title(title), clean_line(summary, LONGEST_SUMMARY), clean_body(description).strip()
    course.subject, course.language, course.price, course.reward_bp = clean_line(subject, LONGEST_SUBJECT), language, price, reward_bp
    course.discount_bp = course.discount_bp if discount_bp is None else discount_bp
    db.session.flush()


def add_section(course: Course, title: str) -> Section:
    lock(course.id)
    _room(Section, course.id, MOST_SECTIONS)
    return _add(Section(course_id=course.id, title=clean_title(title), position=_next(Section.position, Section.course_id == course.id)))


def change_section(section: Section, title: str) -> None:
    lock(section.course_id)
    section.title = clean_title(title)
    db.session.flush()


def remove_section(section: Section) -> None:
    """Only an empty one goes: lessons are never lost by accident."""
    lock(section.course_id)
    db.session.refresh(section, ["lessons"])
    if section.lessons:
        raise DomainError("Move or remove its lessons first.")
    db.session.delete(section)
    db.session.flush()


def add_lesson(
    section: Section, title: str, body: str = "", *, exercise: str = "", minutes: int = 1, is_preview: bool = False, slug: str | None = None
) -> Lesson:
    course_id, title = section.course_id, clean_title(title)
    check_minutes(minutes)
    lock(course_id)
    _room(Lesson, course_id, MOST_LESSONS)
    lesson = Lesson(
        course_id=course_id,
        section_id=section.id,
        title=title,
        slug=slug or _free_lesson_slug(course_id, title),
        body=clean_body(body),
        exercise=clean_body(exercise).strip(),
        minutes=minutes,
        is_preview=is_preview,
        position=_next(Lesson.position, Lesson.section_id == section.id),
    )
    _add(lesson)
    _count_lessons(course_id)
    return lesson


def change_lesson(lesson: Lesson, *, title: str, body: str, minutes: int, is_preview: bool, exercise: str | None = None) -> None:
    """`exercise` None leaves it. Work that was handed in keeps the task it answers."""
    check_minutes(minutes)
    lock(lesson.course_id)
    lesson.title, lesson.body, lesson.minutes, lesson.is_preview = clean_title(title), clean_body(body), minutes, is_preview
    lesson.exercise = lesson.exercise if exercise is None else clean_body(exercise).strip()
    lesson.version += 1
    db.session.flush()


def remove_lesson(lesson: Lesson) -> None:
    """A lesson somebody has completed, handed in work on or tried the quiz of, stays: his progress and reward stand on it. Its quiz goes with it."""
    course_id = lesson.course_id
    lock(course_id)
    try:
        with db.session.begin_nested():
            db.session.delete(lesson)
    except IntegrityError:  # who completes lessons is known above courses; here only that something stands on this one
        raise DomainError("Students have completed this lesson, handed in work on it or tried its quiz; it cannot be removed.") from None
    _count_lessons(course_id)


def move(item: Item, step: int) -> None:
    """Move a section or lesson up (-1) or down (+1). A lesson at the edge of its section goes into the next one; at the end nothing happens."""
    lock(item.course_id)
    db.session.refresh(item)
    neighbour = _neighbour(item, step)
    if neighbour:
        item.position, neighbour.position = neighbour.position, item.position
    elif isinstance(item, Lesson) and (section := _neighbour(item.section, step)):
        _enter(item, section, step)
    db.session.flush()


def _neighbour(item: Item, step: int) -> Item | None:
    """The section or lesson just above or below in the same place, or None."""
    kind = type(item)
    parent = Section.course_id if isinstance(item, Section) else Lesson.section_id
    near = select(kind).where(parent == getattr(item, parent.key))
    if step < 0:
        near = near.where(kind.position < item.position).order_by(kind.position.desc())
    else:
        near = near.where(kind.position > item.position).order_by(kind.position)
    return db.session.scalars(near.limit(1).execution_options(populate_existing=True)).first()


def _enter(lesson: Lesson, section: Section, step: int) -> None:
    """Put the lesson at the near end of another section: last when it comes from below, first from above."""
    inside = Lesson.section_id == section.id
    first = db.session.scalar(select(func.min(Lesson.position)).where(inside)) or 1
    lesson.position = _next(Lesson.position, inside) if step < 0 else first - 1
    lesson.section = section


def lock(course_id: int) -> None:
    """One change of a course at a time, and none while an admin reads it; buyers and readers don't wait for it."""
    state = db.session.scalar(select(Course.state).where(Course.id == course_id).with_for_update(key_share=True))
    if state == "submitted":
        raise DomainError("An admin is reading this course. Wait for the decision, then change it.")


def _room(kind: type[Section] | type[Lesson], course_id: int, most: int) -> None:
    if db.session.scalars(select(func.count()).where(kind.course_id == course_id)).one() >= most:
        raise DomainError("A course has at most %(sections)d sections and %(lessons)d lessons.", sections=MOST_SECTIONS, lessons=MOST_LESSONS)


def _free_lesson_slug(course_id: int, title: str) -> str:
    slug = slugify(title)
    taken = db.session.scalar(select(Lesson.id).where(Lesson.course_id == course_id, Lesson.slug == slug))
    return f"{slug}-{secrets.token_hex(4)}" if taken else slug


def _add(row: Row) -> Row:
    db.session.add(row)
    db.session.flush()
    return row


def _next(column: InstrumentedAttribute[int], condition: ColumnElement[bool]) -> int:
    return (db.session.scalar(select(func.max(column)).where(condition)) or 0) + 1


def _count_lessons(course_id: int) -> None:
    count = select(func.count()).where(Lesson.course_id == course_id).scalar_subquery()
    db.session.execute(update(Course).where(Course.id == course_id).values(lesson_count=count))
