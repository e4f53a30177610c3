"""Badges: the reward of a course in which no TEO can be earned. They are no money, and the chain knows nothing of them."""

import secrets
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from lms.db import Page, db, page_of
from lms.domain.certificates.badge_models import Badge
from lms.domain.certificates.completed import Completed
from lms.domain.notices import actions as notices
from lms.errors import DomainError


def award(enrolment: Completed) -> Badge | None:
    """The badge of a course completed for nothing, once per member and course for ever; None where the course was bought.

    What decides is the member's own terms: without an order and with nothing paid no reward in TEO can ever come of the enrolment. So a course that
    costs something by now brings a badge to who joined while it was free, and one bought with a coupon brings none: its lowest price was paid."""
    if enrolment.completed_at is None:
        raise DomainError("The course is not completed yet: there is no badge for it.")
    if enrolment.order_id is not None or enrolment.paid:
        return None
    course, mine = enrolment.course, dict(user_id=enrolment.user_id, course_id=enrolment.course_id)
    facts = dict(title=course.title, teacher=course.teacher.name, code=secrets.token_urlsafe(16), earned_at=enrolment.completed_at)
    db.session.execute(insert(Badge).values(**mine, **facts).on_conflict_do_nothing(index_elements=list(mine)))
    badge = db.session.scalars(select(Badge).filter_by(**mine)).one()
    notices.tell(badge.user_id, "badge earned", f"badge:{badge.id}", course=badge.title, code=badge.code)
    return badge


def of_course(user_id: int, course_id: int) -> Badge | None:
    """The member's badge for the course, or None."""
    return db.session.scalar(select(Badge).filter_by(user_id=user_id, course_id=course_id))


def by_code(code: str) -> Badge | None:
    """The badge, its member and course in one statement, or None. A suspended member has achieved what he has achieved."""
    return db.session.scalar(select(Badge).filter_by(code=code).options(joinedload(Badge.member), joinedload(Badge.course)))


def newest_of(user_id: int, most: int) -> Sequence[Badge]:
    """The member's newest badges, so many at most."""
    return db.session.scalars(_of_member(user_id).limit(most)).all()


def of_member(user_id: int, number: int = 1) -> Page[Badge]:
    """One page of the member's badges, newest first."""
    return page_of(_of_member(user_id), number)


def _of_member(user_id: int) -> Select[Badge]:
    return select(Badge).filter_by(user_id=user_id).order_by(Badge.id.desc())
