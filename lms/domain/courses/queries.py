"""Courses found."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, case, func, literal, or_, select, text
from sqlalchemy.orm import defaultload, defer, joinedload, undefer
from sqlalchemy.sql.base import ExecutableOption

from lms.db import PAGE, Page, db, nearest_page, page_of
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course, Lesson, Section

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])
COUNTED = 1000  # a catalogue counts up to here and says "more than" above it; its total stops at COUNTED + 1
NEWEST = 6000  # courses among which a common word is counted


def catalogue(
    word: str = "", subject: str = "", language: str = "", free: bool = False, number: int = 1, options: Sequence[ExecutableOption] = ()
) -> Page[Course]:
    """One page of published courses, newest first; a number beyond the last page answers the last. `options`: what else is loaded of each."""

    def asked(columns: Any) -> Iterator[ColumnElement[bool]]:
        return _asked(columns, _tsquery(word), subject, language, free)

    matching = select(Course.id, Course.published_at).where(Course.state == "published", *asked(Course))
    few = matching.limit(COUNTED + 1).subquery()
    total = _counted(few, asked)
    number = nearest_page(number, total)
    # Few are found by the word and sorted; many are met soon when courses are read by date.
    rows = select(few) if total <= COUNTED else matching
    ids = _newest_first(rows, rows.selected_columns).limit(PAGE).offset((number - 1) * PAGE).subquery()
    shown = select(Course).join(ids, Course.id == ids.c.id).options(joinedload(Course.teacher), defer(Course.description), *options)
    return Page(db.session.scalars(_newest_first(shown, Course)).all(), number, total)


def _asked(columns: Any, query: str, subject: str, language: str, free: bool) -> Iterator[ColumnElement[bool]]:
    """The conditions of a search."""
    if query:
        yield columns.words.bool_op("@@")(func.to_tsquery("simple", query))
    if subject:
        yield columns.subject == subject
    if language:
        yield columns.language == language
    if free:
        yield columns.price == 0


def _counted(few: Subquery, asked: Callable[[Any], Iterator[ColumnElement[bool]]]) -> int:
    """How many match, up to COUNTED + 1. A common word is found often enough among the newest courses alone; PostgreSQL
    works the other count out only when it needs it. Its index would first list every course with the word."""
    columns = (Course.words, Course.subject, Course.language, Course.price)
    newest = _newest_first(select(*columns).where(Course.state == "published"), Course).limit(NEWEST).subquery()
    soon = select(literal(1)).where(*asked(newest.c)).select_from(newest).limit(COUNTED + 1).subquery()
    soon = select(func.count().label("total")).select_from(soon).subquery()
    all_of_them = select(func.count()).select_from(few).scalar_subquery()
    return int(db.session.scalars(select(case((soon.c.total > COUNTED, soon.c.total), else_=all_of_them))).one())


def newest(limit: int, options: Sequence[ExecutableOption] = ()) -> Sequence[Course]:
    """The courses published last, with their teachers; `options` as in catalogue."""
    rows = select(Course).where(Course.state == "published").options(joinedload(Course.teacher), defer(Course.description), *options)
    return db.session.scalars(_newest_first(rows, Course).limit(limit)).all()


def _newest_first(rows: Rows, columns: Any) -> Rows:
    return rows.order_by(columns.published_at.desc(), columns.id.desc())


def subjects(limit: int = 50) -> Sequence[str]:
    """The subjects with published courses, in alphabetical order. The index is asked for one after the other, not for every course."""
    rows = text("""
        WITH RECURSIVE found AS (
            (SELECT subject FROM courses WHERE state = 'published' AND subject > '' ORDER BY subject LIMIT 1)
            UNION ALL
            SELECT (SELECT subject FROM courses WHERE state = 'published' AND subject > found.subject ORDER BY subject LIMIT 1)
            FROM found WHERE found.subject IS NOT NULL
        ) SELECT subject FROM found WHERE subject IS NOT NULL LIMIT :limit""")
    return db.session.scalars(rows, {"limit": limit}).all()


def by_slug(slug: str) -> Course | None:
    """The course with its teacher, or None. Its outline comes when it is asked for, in one statement."""
    rows = select(Course).where(Course.slug == slug)
    return db.session.scalar(rows.options(joinedload(Course.teacher), *_outline()))


def in_all_languages(slug: str) -> tuple[Course | None, list[Course]]:
    """(the course as by_slug, its published versions in other languages), or (None, []); one statement."""
    root = select(func.coalesce(Course.translation_of_id, Course.id)).where(Course.slug == slug).scalar_subquery()
    rows = select(Course).where(
        or_(Course.id == root, Course.translation_of_id == root), or_(Course.slug == slug, Course.state == "published")
    )
    found = db.session.scalars(rows.options(joinedload(Course.teacher), *_outline()).order_by(Course.language)).all()
    course = next((course for course in found if course.slug == slug), None)
    return course, [other for other in found if other is not course]


def _outline() -> tuple[ExecutableOption, ...]:
    return (defaultload(Course.sections).joinedload(Section.lessons),)


def by_id(course_id: int) -> Course | None:
    return db.session.get(Course, course_id)


def lesson(course: Course, slug: str) -> Lesson | None:
    """A lesson of the course with its body, or None."""
    return db.session.scalar(select(Lesson).where(Lesson.course_id == course.id, Lesson.slug == slug).options(undefer(Lesson.body), undefer(Lesson.exercise)))


def taught_by(teacher: User, number: int = 1) -> Page[Course]:
    """One page of the teacher's courses, in every state."""
    return page_of(select(Course).where(Course.teacher_id == teacher.id).order_by(Course.id.desc()), number)


def for_sale_by(teacher_id: int, limit: int = 200) -> Sequence[Course]:
    """The teacher's published courses that cost something, by title."""
    rows = select(Course).where(Course.teacher_id == teacher_id, Course.state == "published", Course.price > 0).options(defer(Course.description))
    return db.session.scalars(rows.order_by(Course.title).limit(limit)).all()


def dearest(teacher_id: int) -> int | None:
    """The highest price among the teacher's published courses in cents, or None."""
    return db.session.scalar(select(func.max(Course.price)).where(Course.teacher_id == teacher_id, Course.state == "published"))


def waiting(number: int = 1) -> Page[Course]:
    """One page of the courses submitted with their teachers, oldest first."""
    rows = select(Course).where(Course.state == "submitted").options(joinedload(Course.teacher))
    return page_of(rows.order_by(Course.submitted_at, Course.id), number)


def waiting_count() -> int:
    return db.session.scalars(select(func.count()).where(Course.state == "submitted")).one()


def with_bodies(course: Course) -> Sequence[Lesson]:
    """The course's lessons with their bodies, for who reads all of them."""
    return db.session.scalars(select(Lesson).where(Lesson.course_id == course.id).options(undefer(Lesson.body), undefer(Lesson.exercise))).all()


def lesson_to_edit(course: Course, slug: str) -> Lesson | None:
    """The lesson with its body, so that of two saves the second sees the first: the course is locked, as by each verb that changes it.

    Locking the lesson would not do: a move writes its neighbour too, and two would wait for each other."""
    db.session.execute(select(Course.id).where(Course.id == course.id).with_for_update(key_share=True))
    rows = select(Lesson).where(Lesson.course_id == course.id, Lesson.slug == slug).options(undefer(Lesson.body), undefer(Lesson.exercise))
    return db.session.scalar(rows.execution_options(populate_existing=True))


def section(course: Course, section_id: int) -> Section | None:
    return db.session.scalar(select(Section).where(Section.course_id == course.id, Section.id == section_id))


def _tsquery(word: str) -> str:
    """All words, the last as a prefix; only letters and digits reach the parser."""
    words = re.findall(r"[^\W_]+", word.lower())[:8]
    return " & ".join([*words[:-1], f"{words[-1]}:*"]) if words else ""
