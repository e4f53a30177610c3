"""Work found: an author's own, what a reviewer is asked, what waits for a teacher."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from lms import clock
from lms.db import Page, T, db, page_of
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course
from lms.domain.learning.exercise_models import IN_REVIEW, PeerReview, Submission
from lms.domain.learning.models import Enrolment

_OPEN = (PeerReview.given_at.is_(None), PeerReview.closed_at.is_(None))


def attempts(enrolment_id: int, lesson_id: int) -> Sequence[Submission]:
    """All that was handed in on the exercise, oldest first, with the reviews; two statements."""
    rows = select(Submission).where(Submission.enrolment_id == enrolment_id, Submission.lesson_id == lesson_id)
    rows = rows.options(selectinload(Submission.reviews)).order_by(Submission.id)
    return db.session.scalars(rows.execution_options(populate_existing=True)).all()


def last_state(enrolment_id: int, lesson_id: int) -> str | None:
    """How the last attempt stands, or None."""
    rows = select(Submission.state).where(Submission.enrolment_id == enrolment_id, Submission.lesson_id == lesson_id)
    return db.session.scalar(rows.order_by(Submission.id.desc()).limit(1))


def own(user_id: int, submission_id: int) -> Submission | None:
    """A submission of the member's with its reviews, or None."""
    rows = select(Submission).join(Submission.enrolment).where(Submission.id == submission_id, Enrolment.user_id == user_id)
    return db.session.scalar(rows.options(contains_eager(Submission.enrolment).joinedload(Enrolment.course), joinedload(Submission.lesson), selectinload(Submission.reviews)))


def scores(submission_id: int) -> Sequence[int]:
    """What reviewers gave so far."""
    rows = select(PeerReview.score).where(PeerReview.submission_id == submission_id, PeerReview.given_at.is_not(None))
    return [score for score in db.session.scalars(rows) if score is not None]


def review(reviewer_id: int, review_id: int) -> PeerReview | None:
    """What was asked of the member, or None; with the work."""
    rows = select(PeerReview).where(PeerReview.id == review_id, PeerReview.reviewer_id == reviewer_id)
    return db.session.scalar(rows.options(*_with_work()))


def reviews_of(reviewer_id: int, number: int = 1) -> Page[PeerReview]:
    """One page of what was asked of the member: what is open first, the most urgent on top, then what he gave, newest first."""
    rows = select(PeerReview).where(PeerReview.reviewer_id == reviewer_id, PeerReview.closed_at.is_(None)).options(*_with_work())
    return page_of(rows.order_by(PeerReview.given_at.desc().nulls_first(), PeerReview.due_at, PeerReview.id), number)


def reviews_open(reviewer_id: int) -> int:
    """How many opinions are awaited of the member."""
    return db.session.scalars(select(func.count()).where(PeerReview.reviewer_id == reviewer_id, *_OPEN)).one()


def rewarded_today(reviewer_id: int) -> int:
    """How many reviews brought the member TEO on this UTC day."""
    begin = datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC)
    rows = select(func.count()).where(PeerReview.reviewer_id == reviewer_id, PeerReview.given_at >= begin, PeerReview.reward > 0)
    return db.session.scalars(rows).one()


def silent(limit: int = 500) -> Sequence[int]:
    """Ids of the reviews nobody gave in time."""
    rows = select(PeerReview.id).where(*_OPEN, PeerReview.due_at <= clock.now()).order_by(PeerReview.due_at)
    return db.session.scalars(rows.limit(limit)).all()


def to_grade(grader: User, number: int = 1) -> Page[Submission]:
    """One page of the work that waits for his grade, oldest first, with author, course and lesson."""
    rows = _with_author(select(Submission).where(_waits(), _graded_by(grader)))
    return page_of(rows.order_by(Submission.handed_in_at, Submission.id), number)


def to_grade_count(grader: User) -> int:
    """How much there is of it."""
    return db.session.scalars(_joined(select(func.count(Submission.id))).where(_waits(), _graded_by(grader))).one()


def for_grader(grader: User, submission_id: int) -> Submission | None:
    """Work that he is to grade, or that was graded in his place; None for any other."""
    return db.session.scalar(_with_author(select(Submission).where(Submission.id == submission_id, Submission.is_for_teacher, _graded_by(grader))))


def is_grader(user: User, submission: Submission) -> bool:
    """Whether this work is his to grade: the teacher's of the course; an admin's, of work that is not his own, where the teacher teaches no more."""
    return db.session.scalar(_joined(select(Submission.id)).where(Submission.id == submission.id, _graded_by(user))) is not None


def teaches_no_more(teacher: User) -> bool:
    """Whether somebody else has to grade in his place."""
    return not teacher.is_active or teacher.is_student


def _graded_by(user: User) -> ColumnElement[bool]:
    own = Course.teacher_id == user.id
    is_away = or_(User.suspended_at.is_not(None), User.role == "student")
    return or_(own, and_(is_away, Enrolment.user_id != user.id)) if user.is_admin else own


def _waits() -> ColumnElement[bool]:
    return and_(Submission.is_for_teacher, Submission.state == IN_REVIEW)


def _joined(rows: Select[T]) -> Select[T]:
    return rows.join(Submission.enrolment).join(Enrolment.course).join(Course.teacher)


def _with_author(rows: Select[Submission]) -> Select[Submission]:
    known = contains_eager(Submission.enrolment)
    return _joined(rows).options(known.contains_eager(Enrolment.course), known.joinedload(Enrolment.user), joinedload(Submission.lesson))


def _with_work() -> Sequence[ORMOption]:
    work = joinedload(PeerReview.submission)
    return work.joinedload(Submission.lesson), work.joinedload(Submission.enrolment).joinedload(Enrolment.course)
