"""A course handed in, taken back, published or returned."""

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.courses.models import Course
from lms.domain.notices import actions as notices
from lms.errors import DomainError, Forbidden, Invalid


def submit(course: Course) -> None:
    """Hand the course to the admins. What one of them wanted mended the time before stays with it until it is published."""
    _refresh_state(course)
    if course.state not in ("draft", "returned"):
        raise DomainError("This course has been submitted already.")
    if course.lesson_count == 0 or not course.summary:
        raise DomainError("A course needs a summary and at least one lesson before it is submitted.")
    course.state, course.submitted_at = "submitted", clock.now()
    db.session.flush()


def take_back(course: Course) -> None:
    """Change a submitted course after all: it is submitted again when it is ready."""
    _refresh_state(course)
    if course.state != "submitted":
        raise DomainError("This course is not waiting for a decision.")
    course.state, course.submitted_at = "draft", None
    db.session.flush()


def approve(course: Course, by: User, submission: str) -> None:
    """Publish a submitted course; `submission` is the one that was read."""
    _decide(course, by)
    if course.submission != submission:
        raise DomainError("This course was handed in again after you opened it. Read it once more, then decide.")
    course.state, course.published_at, course.comment = "published", clock.now(), ""
    log.record("course approved", _subject(course), by, title=course.title, submission=submission)
    _tell(course, "course approved")
    db.session.flush()


def give_back(course: Course, by: User, comment: str) -> None:
    """Return a submitted course with what is to be mended."""
    _decide(course, by)
    if not comment.strip():
        raise Invalid("Say what the teacher should change.")
    course.state, course.comment = "returned", comment.strip()[:2000]
    log.record("course returned", _subject(course), by, title=course.title, comment=course.comment)
    _tell(course, "course returned", comment=course.comment)
    db.session.flush()


def _decide(course: Course, by: User) -> None:
    if not by.is_admin:
        raise Forbidden("Only admins decide on courses.")
    if course.teacher_id == by.id:
        raise Forbidden("Nobody decides on his own course.")
    _refresh_state(course)
    if course.state != "submitted":
        raise DomainError("This course is not waiting for a decision.")


def _subject(course: Course) -> str:
    return f"course {course.id}"


def _tell(course: Course, kind: str, **facts: object) -> None:
    """Its teacher, once for each time it was handed in."""
    notices.tell(course.teacher_id, kind, f"course:{course.id}:{course.submission}", course=course.title, slug=course.slug, **facts)


def _refresh_state(course: Course) -> None:
    """Two who decide at once: the second sees what the first decided."""
    db.session.refresh(course, ["state", "lesson_count", "submitted_at"], with_for_update={"key_share": True})
