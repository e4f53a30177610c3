"""Writing, submitting and approving courses."""

import re
import secrets
import unicodedata

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db
from lms.domain.accounts.models import LOCALES
from lms.domain.courses.models import Course, Lesson, Section
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import HIGHEST_PRICE
from lms.errors import DomainError, Forbidden, Invalid

LONGEST_BODY = 200_000  # characters
MOST_BRACKETS = 2_000  # of a text: each may begin a link, and the time to find out grows with their square
LONGEST_SUMMARY, LONGEST_SUBJECT = 180, 40
MOST_SECTIONS, MOST_LESSONS = 100, 500  # of a course: its outline is one page


def create(teacher, title, slug=None):
    """A draft of the teacher's."""
    if not teacher.is_teacher:
        raise Forbidden("Only teachers write courses.")
    title = _title(title)
    facts = dict(teacher_id=teacher.id, title=title, language=teacher.locale, created_at=clock.now())
    if slug:
        return _add(Course(slug=slug, **facts))
    try:
        with db.session.begin_nested():
            return _add(Course(slug=slugify(title), **facts))
    except IntegrityError:  # somebody has this address already
        return _add(Course(slug=f"{slugify(title)}-{secrets.token_hex(4)}", **facts))


def change(course, *, title, summary, description, subject, language, price, reward_bp, discount_bp=None):
    """Edit what the catalogue shows. `price` in cents with VAT left out; in basis points of it `reward_bp` and `discount_bp`, the most a student may pay
    in TEO (None leaves it). Orders froze their terms: a change never reaches back."""
    check_price(price)
    check_reward(reward_bp)
    if discount_bp is not None:
        check_discount(discount_bp)
    if language not in LOCALES:
        raise Invalid("Choose one of the languages.")
    _lock(course.id)
    course.title, course.summary, course.description = _title(title), _line(summary, LONGEST_SUMMARY), _body(description).strip()
    course.subject, course.language, course.price, course.reward_bp = _line(subject, LONGEST_SUBJECT), language, price, reward_bp
    course.discount_bp = course.discount_bp if discount_bp is None else discount_bp
    db.session.flush()


def check_price(price):
    """Raises Invalid for what is no price in cents. Just above nothing, the rounding to cents would hand out TEO for next to nothing."""
    if type(price) is not int or not 0 <= price <= HIGHEST_PRICE:
        raise Invalid("A price is between 0 and %(most)d EUR.", most=HIGHEST_PRICE // 100)
    rules = rulebook.in_force()
    if price and not rules.may_cost(price):
        raise Invalid("A course costs at least %(least)s EUR, or nothing at all.", least=f"{rules.lowest_price / 100:.2f}")


def check_reward(reward_bp):
    """Raises Invalid for basis points of a price that no purchase may bring by the rules in force."""
    most = rulebook.in_force().purchase_max_bp
    if type(reward_bp) is not int or not 0 <= reward_bp <= most:
        raise Invalid("The purchase reward is between 0 and %(most)s %%.", most=f"{most / 100:g}")


def check_discount(discount_bp):
    """Raises Invalid for basis points of a price that no student may pay in TEO by the rules in force."""
    most = rulebook.in_force().highest_level_bp
    if type(discount_bp) is not int or not 0 <= discount_bp <= most:
        raise Invalid("A student pays between 0 and %(most)s %% in TEO.", most=f"{most / 100:g}")


def add_section(course, title):
    _lock(course.id)
    _room(Section, course.id, MOST_SECTIONS)
    return _add(Section(course_id=course.id, title=_title(title), position=_next(Section.position, Section.course_id == course.id)))


def change_section(section, title):
    _lock(section.course_id)
    section.title = _title(title)
    db.session.flush()


def remove_section(section):
    """Only an empty one goes: lessons are never lost by accident."""
    _lock(section.course_id)
    db.session.refresh(section, ["lessons"])
    if section.lessons:
        raise DomainError("Move or remove its lessons first.")
    db.session.delete(section)
    db.session.flush()


def add_lesson(section, title, body="", *, minutes=1, is_preview=False, slug=None):
    course_id, title = section.course_id, _title(title)
    _check_minutes(minutes)
    _lock(course_id)
    _room(Lesson, course_id, MOST_LESSONS)
    lesson = Lesson(
        course_id=course_id,
        section_id=section.id,
        title=title,
        slug=slug or _free_lesson_slug(course_id, title),
        body=_body(body),
        minutes=minutes,
        is_preview=is_preview,
        position=_next(Lesson.position, Lesson.section_id == section.id),
    )
    _add(lesson)
    _count_lessons(course_id)
    return lesson


def change_lesson(lesson, *, title, body, minutes, is_preview):
    _check_minutes(minutes)
    _lock(lesson.course_id)
    lesson.title, lesson.body, lesson.minutes, lesson.is_preview = _title(title), _body(body), minutes, is_preview
    lesson.version += 1
    db.session.flush()


def remove_lesson(lesson):
    """A lesson somebody has completed stays: his progress and reward stand on it."""
    course_id = lesson.course_id
    _lock(course_id)
    try:
        with db.session.begin_nested():
            db.session.delete(lesson)
    except IntegrityError:  # who completes lessons is known above courses; here only that something stands on this one
        raise DomainError("Students have completed this lesson; it cannot be removed.") from None
    _count_lessons(course_id)


def move(item, step):
    """Move a section or lesson up (-1) or down (+1). A lesson at the edge of its section goes into the next one; at the end nothing happens."""
    _lock(item.course_id)
    db.session.refresh(item)
    neighbour = _neighbour(item, step)
    if neighbour:
        item.position, neighbour.position = neighbour.position, item.position
    elif isinstance(item, Lesson) and (section := _neighbour(item.section, step)):
        _enter(item, section, step)
    db.session.flush()


def submit(course):
    """Hand the course to the admins. What one of them wanted mended the time before stays with it until it is published."""
    _refresh_state(course)
    if course.state not in ("draft", "returned"):
        raise DomainError("This course has been submitted already.")
    if course.lesson_count == 0 or not course.summary:
        raise DomainError("A course needs a summary and at least one lesson before it is submitted.")
    course.state, course.submitted_at = "submitted", clock.now()
    db.session.flush()


def take_back(course):
    """Change a submitted course after all: it is submitted again when it is ready."""
    _refresh_state(course)
    if course.state != "submitted":
        raise DomainError("This course is not waiting for a decision.")
    course.state, course.submitted_at = "draft", None
    db.session.flush()


def approve(course, by, submission):
    """Publish a submitted course; `submission` is the one that was read."""
    _decide(course, by)
    if course.submission != submission:
        raise DomainError("This course was handed in again after you opened it. Read it once more, then decide.")
    course.state, course.published_at, course.comment = "published", clock.now(), ""
    _tell(course, "course approved")
    db.session.flush()


def give_back(course, by, comment):
    """Return a submitted course with what is to be mended."""
    _decide(course, by)
    if not comment.strip():
        raise Invalid("Say what the teacher should change.")
    course.state, course.comment = "returned", comment.strip()[:2000]
    _tell(course, "course returned", comment=course.comment)
    db.session.flush()


def check_brackets(text):
    """Raises Invalid for a text that would hold a web process for seconds each time it is shown."""
    if text.count("[") > MOST_BRACKETS:
        raise Invalid("A text has at most %(most)d of the bracket “[”: with more it would take too long to show.", most=MOST_BRACKETS)


def slugify(title):
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "course"


def _decide(course, by):
    if not by.is_admin:
        raise Forbidden("Only admins decide on courses.")
    if course.teacher_id == by.id:
        raise Forbidden("Nobody decides on his own course.")
    _refresh_state(course)
    if course.state != "submitted":
        raise DomainError("This course is not waiting for a decision.")


def _tell(course, kind, **facts):
    """Its teacher, once for each time it was handed in."""
    notices.tell(course.teacher_id, kind, f"course:{course.id}:{course.submission}", course=course.title, slug=course.slug, **facts)


def _neighbour(item, step):
    """The section or lesson just above or below in the same place, or None."""
    kind = type(item)
    parent = kind.course_id if kind is Section else kind.section_id
    near = select(kind).where(parent == getattr(item, parent.key))
    if step < 0:
        near = near.where(kind.position < item.position).order_by(kind.position.desc())
    else:
        near = near.where(kind.position > item.position).order_by(kind.position)
    return db.session.scalars(near.limit(1).execution_options(populate_existing=True)).first()


def _enter(lesson, section, step):
    """Put the lesson at the near end of another section: last when it comes from below, first from above."""
    inside = Lesson.section_id == section.id
    first = db.session.scalar(select(func.min(Lesson.position)).where(inside)) or 1
    lesson.position = _next(Lesson.position, inside) if step < 0 else first - 1
    lesson.section = section


def _lock(course_id):
    """One change of a course at a time, and none while an admin reads it; buyers and readers don't wait for it."""
    state = db.session.scalar(select(Course.state).where(Course.id == course_id).with_for_update(key_share=True))
    if state == "submitted":
        raise DomainError("An admin is reading this course. Wait for the decision, then change it.")


def _refresh_state(course):
    """Two who decide at once: the second sees what the first decided."""
    db.session.refresh(course, ["state", "lesson_count", "submitted_at"], with_for_update={"key_share": True})


def _room(kind, course_id, most):
    if db.session.scalar(select(func.count()).where(kind.course_id == course_id)) >= most:
        raise DomainError("A course has at most %(sections)d sections and %(lessons)d lessons.", sections=MOST_SECTIONS, lessons=MOST_LESSONS)


def _free_lesson_slug(course_id, title):
    slug = slugify(title)
    taken = db.session.scalar(select(Lesson.id).where(Lesson.course_id == course_id, Lesson.slug == slug))
    return f"{slug}-{secrets.token_hex(4)}" if taken else slug


def _add(row):
    db.session.add(row)
    db.session.flush()
    return row


def _title(title):
    title = _line(title, 120)
    if not title:
        raise Invalid("A title has 1 to 120 characters.")
    return title


def _line(text, most):
    """One line without control characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if len(line) > most:
        raise Invalid("This has at most %(most)d characters: “%(start)s…”", most=most, start=line[:30])
    return line


def _body(body):
    if len(body) > LONGEST_BODY:
        raise Invalid("A text has at most %(most)d characters.", most=LONGEST_BODY)
    check_brackets(body)
    return body.replace("\x00", "")


def _check_minutes(minutes):
    if type(minutes) is not int or not 1 <= minutes <= 600:
        raise Invalid("A lesson takes 1 to 600 minutes.")


def _next(column, condition):
    return (db.session.scalar(select(func.max(column)).where(condition)) or 0) + 1


def _count_lessons(course_id):
    count = select(func.count()).where(Lesson.course_id == course_id).scalar_subquery()
    db.session.execute(update(Course).where(Course.id == course_id).values(lesson_count=count))
