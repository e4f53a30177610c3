"""Writing, submitting and approving courses."""

import re
import secrets
import unicodedata

from sqlalchemy import func, select, update

from lms import clock
from lms.db import db
from lms.domain.accounts.models import LOCALES
from lms.domain.courses.models import HIGHEST_PRICE, HIGHEST_REWARD, Course, Lesson, Section
from lms.errors import DomainError, Forbidden, Invalid

LONGEST_BODY = 200_000  # characters


def create(teacher, title, slug=None):
    """A draft of the teacher's."""
    if not teacher.is_teacher:
        raise Forbidden("Only teachers write courses.")
    title = _title(title)
    course = Course(teacher_id=teacher.id, title=title, slug=slug or _free_slug(title), language=teacher.locale, created_at=clock.now())
    db.session.add(course)
    db.session.flush()
    return course


def change(course, *, title, summary, description, subject, language, price, reward_bp):
    """Edit what the catalogue shows. `price` in cents with VAT left out, `reward_bp` in basis points of it.

    Orders froze their price, share and reward: a change never reaches back."""
    if not 0 <= price <= HIGHEST_PRICE:
        raise Invalid("A price is between 0 and %(most)d EUR.", most=HIGHEST_PRICE // 100)
    if not 0 <= reward_bp <= HIGHEST_REWARD:
        raise Invalid("The purchase reward is between 0 and %(most)d %%.", most=HIGHEST_REWARD // 100)
    if language not in LOCALES:
        raise Invalid("Choose one of the languages.")
    course.title, course.summary, course.description = _title(title), summary.strip()[:180], description.strip()[:LONGEST_BODY]
    course.subject, course.language, course.price, course.reward_bp = subject.strip()[:40], language, price, reward_bp
    db.session.flush()


def add_section(course, title):
    section = Section(course_id=course.id, title=_title(title), position=_next(Section.position, Section.course_id == course.id))
    db.session.add(section)
    db.session.flush()
    return section


def change_section(section, title):
    section.title = _title(title)
    db.session.flush()


def remove_section(section):
    """Only an empty one goes: lessons are never lost by accident."""
    if section.lessons:
        raise DomainError("Move or remove its lessons first.")
    db.session.delete(section)
    db.session.flush()


def add_lesson(section, title, body="", *, minutes=1, is_preview=False, slug=None):
    lesson = Lesson(
        course_id=section.course_id,
        section_id=section.id,
        title=_title(title),
        slug=slug or f"{slugify(title)}-{secrets.token_hex(2)}",
        body=_body(body),
        minutes=minutes,
        is_preview=is_preview,
        position=_next(Lesson.position, Lesson.section_id == section.id),
    )
    db.session.add(lesson)
    db.session.flush()
    _count_lessons(section.course_id)
    return lesson


def change_lesson(lesson, *, title, body, minutes, is_preview):
    if not 1 <= minutes <= 600:
        raise Invalid("A lesson takes 1 to 600 minutes.")
    lesson.title, lesson.body, lesson.minutes, lesson.is_preview = _title(title), _body(body), minutes, is_preview
    lesson.version += 1
    db.session.flush()


def remove_lesson(lesson):
    """A lesson somebody has completed stays: his progress and reward stand on it."""
    if db.session.scalar(select(func.count()).select_from(_completions()).where(_completions().c.lesson_id == lesson.id)):
        raise DomainError("Students have completed this lesson; it cannot be removed.")
    course_id = lesson.course_id
    db.session.delete(lesson)
    db.session.flush()
    _count_lessons(course_id)


def move(item, step):
    """Swap a section or lesson with its neighbour above (-1) or below (+1); at the end nothing happens."""
    kind = type(item)
    parent = kind.course_id if kind is Section else kind.section_id
    near = select(kind).where(parent == getattr(item, parent.key))
    near = (
        near.where(kind.position < item.position).order_by(kind.position.desc())
        if step < 0
        else near.where(kind.position > item.position).order_by(kind.position)
    )
    neighbour = db.session.scalars(near.limit(1)).first()
    if neighbour:
        item.position, neighbour.position = neighbour.position, item.position
        db.session.flush()


def submit(course):
    """Hand the course to the admins."""
    if course.state not in ("draft", "returned"):
        raise DomainError("This course has been submitted already.")
    if course.lesson_count == 0 or not course.summary:
        raise DomainError("A course needs a summary and at least one lesson before it is submitted.")
    course.state, course.submitted_at, course.comment = "submitted", clock.now(), ""
    db.session.flush()


def approve(course, by):
    """Publish a submitted course."""
    _decide(course, by)
    course.state, course.published_at, course.comment = "published", clock.now(), ""
    db.session.flush()


def give_back(course, by, comment):
    """Return a submitted course with what is to be mended."""
    _decide(course, by)
    if not comment.strip():
        raise Invalid("Say what the teacher should change.")
    course.state, course.comment = "returned", comment.strip()[:2000]
    db.session.flush()


def slugify(title):
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "course"


def _decide(course, by):
    if not by.is_admin:
        raise Forbidden("Only admins decide on courses.")
    if course.teacher_id == by.id:
        raise Forbidden("Nobody decides on his own course.")
    if course.state != "submitted":
        raise DomainError("This course is not waiting for a decision.")


def _free_slug(title):
    slug = slugify(title)
    taken = db.session.scalar(select(Course.id).where(Course.slug == slug))
    return f"{slug}-{secrets.token_hex(3)}" if taken else slug


def _title(title):
    title = " ".join(title.split())
    if not 1 <= len(title) <= 120:
        raise Invalid("A title has 1 to 120 characters.")
    return title


def _body(body):
    if len(body) > LONGEST_BODY:
        raise Invalid("A lesson has at most %(most)d characters.", most=LONGEST_BODY)
    return body.replace("\x00", "")


def _next(column, condition):
    return (db.session.scalar(select(func.max(column)).where(condition)) or 0) + 1


def _completions():
    return db.metadata.tables["lesson_completions"]


def _count_lessons(course_id):
    count = select(func.count()).where(Lesson.course_id == course_id).scalar_subquery()
    db.session.execute(update(Course).where(Course.id == course_id).values(lesson_count=count))
