"""Coupons of teachers: so much off a list price, for a while, so many times, once a member."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.accounts.models import User
from lms.domain.checkout.facts import there
from lms.domain.checkout.models import Coupon, Order
from lms.domain.courses.models import Course
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import HIGHEST_COUPON
from lms.errors import DomainError, Forbidden, Invalid

LONGEST_CODE = 30
MOST_USES = 1_000_000
_USED = ("open", "paid")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,28}[A-Z0-9]")


@dataclass(frozen=True)
class Use:
    """A Coupon, how many orders hold it now, and how many cents it took off those that are paid."""

    coupon: Coupon
    uses: int
    given: int

    @property
    def last_moment(self) -> datetime:
        """The last second in which it is taken, as its end is the first in which it is not; of a coupon with an end."""
        return there(self.coupon.ends_at) - timedelta(seconds=1)

    @property
    def state(self) -> str:
        """waits, runs, used up, ended or stopped."""
        now, coupon = clock.now(), self.coupon
        if coupon.stopped_at:
            return "stopped"
        if coupon.ends_at and coupon.ends_at <= now:
            return "ended"
        if coupon.most_uses is not None and self.uses >= coupon.most_uses:
            return "used up"
        return "waits" if coupon.starts_at > now else "runs"


def create(
    teacher: User,
    code: str | None,
    *,
    course: Course | None = None,
    percent_bp: int | None = None,
    amount: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    most_uses: int | None = None,
) -> Coupon:
    """A coupon of the teacher's, of basis points or cents, for a course of his or all of them. Raises Invalid or DomainError by what is wrong."""
    if not teacher.is_teacher or (course and course.teacher_id != teacher.id):
        raise Forbidden("Coupons are made by teachers, for courses of their own.")
    code = normal(code)
    if not _CODE.fullmatch(code):
        raise Invalid("A code has 3 to 30 letters, digits and dashes.")
    _check_worth(course, percent_bp, amount)
    starts_at = starts_at or clock.now()
    if ends_at and ends_at <= max(starts_at, clock.now()):
        raise Invalid("The coupon would end before it begins.")
    if most_uses is not None and not 1 <= most_uses <= MOST_USES:
        raise Invalid("A coupon is used from once up to a million times.")
    row = dict(teacher_id=teacher.id, course_id=course and course.id, code=code, percent_bp=percent_bp, amount=amount)
    made = insert(Coupon).values(**row, starts_at=starts_at, ends_at=ends_at, most_uses=most_uses).on_conflict_do_nothing().returning(Coupon.id)
    coupon_id = db.session.scalar(made)
    if coupon_id is None:
        raise DomainError("You have a coupon with this code already.")
    return db.session.get_one(Coupon, coupon_id)


def stop(coupon: Coupon) -> None:
    """Nobody takes it any more; orders that hold it keep it."""
    coupon.stopped_at = coupon.stopped_at or clock.now()
    db.session.flush()


def of_teacher(teacher_id: int, number: int = 1) -> Page[Use]:
    """One page of the teacher's Uses, newest first; three statements."""
    rows = select(Coupon).where(Coupon.teacher_id == teacher_id).options(joinedload(Coupon.course)).order_by(Coupon.id.desc())
    page = page_of(rows, number)
    paid = func.coalesce(func.sum(Order.coupon_off).filter(Order.state == "paid"), 0)
    counted = select(Order.coupon_id, func.count(), paid).where(Order.coupon_id.in_([each.id for each in page.items]), Order.state.in_(_USED))
    found = {coupon_id: (uses, int(given)) for coupon_id, uses, given in db.session.execute(counted.group_by(Order.coupon_id))}
    return Page([Use(each, *found.get(each.id, (0, 0))) for each in page.items], page.number, page.total)


def own(teacher_id: int, coupon_id: int) -> Coupon | None:
    """The teacher's own coupon, or None."""
    return db.session.scalar(select(Coupon).where(Coupon.id == coupon_id, Coupon.teacher_id == teacher_id))


def normal(code: str | None) -> str:
    """One spelling a code: upper case, without spaces."""
    return "".join((code or "").replace("\x00", "").split()).upper()[: LONGEST_CODE + 1]


def find(code: str | None, course: Course) -> Coupon | None:
    """The coupon with this code for the course, whether it still holds or not; None for no such code."""
    rows = select(Coupon).where(Coupon.teacher_id == course.teacher_id, Coupon.code == normal(code))
    return db.session.scalar(rows.where(Coupon.course_id.is_(None) | (Coupon.course_id == course.id)))


def claim(code: str | None, course: Course, buyer: User) -> Coupon:
    """The coupon the member takes for this course, locked until his order stands: of two who want the last use one gets it. Raises Invalid."""
    coupon = find(code, course)
    if coupon:
        db.session.refresh(coupon, with_for_update=True)
    refusal = obstacle(coupon, course, buyer)
    if refusal:
        raise refusal
    return there(coupon)


def obstacle(coupon: Coupon | None, course: Course, buyer: User) -> Invalid | None:
    """The refusal (Invalid, not raised) that keeps the member from using this coupon (None: no such code) for the course now, or None."""
    now = clock.now()
    if coupon is None or now < coupon.starts_at:
        return Invalid("There is no such coupon for this course.")
    if coupon.stopped_at or (coupon.ends_at and coupon.ends_at <= now):
        return Invalid("This coupon has ended.")
    if _is_used_by(coupon, course, buyer):
        return Invalid("You have used this coupon already.")
    if coupon.most_uses is not None and uses(coupon, but=_waiting(course, buyer)) >= coupon.most_uses:
        return Invalid("This coupon has been used as often as it may be.")
    return None


def uses(coupon: Coupon, but: ColumnElement[bool] | None = None) -> int:
    """How many orders hold the coupon: paid, or waiting for their payment. One that came to nothing gives its use back."""
    rows = select(func.count()).where(Order.coupon_id == coupon.id, Order.state.in_(_USED))
    return db.session.scalars(rows if but is None else rows.where(~but)).one()


def _check_worth(course: Course | None, percent_bp: int | None, amount: int | None) -> None:
    if (percent_bp is None) == (amount is None):
        raise Invalid("Write either a percentage or an amount.")
    if percent_bp is not None and not 1 <= percent_bp <= HIGHEST_COUPON:
        raise Invalid("A coupon takes more than 0 and up to %(most)d %% off.", most=HIGHEST_COUPON // 100)
    rules = rulebook.in_force()
    if amount is not None and amount <= 0:
        raise Invalid("Write an amount above zero.")
    if amount is not None and course and not rules.may_cost(course.price - amount):
        raise Invalid("At least %(least)s EUR of the price stay to be paid.", least=f"{rules.lowest_price / 100:.2f}")


def _is_used_by(coupon: Coupon, course: Course, buyer: User) -> bool:
    rows = select(Order.id).where(Order.coupon_id == coupon.id, Order.buyer_id == buyer.id, Order.state.in_((*_USED, "refunded", "charged back")))
    return db.session.scalar(rows.where(~_waiting(course, buyer)).limit(1)) is not None


def _waiting(course: Course, buyer: User) -> ColumnElement[bool]:
    """The member's own order of the course that waits: what it holds is his to order anew."""
    return (Order.buyer_id == buyer.id) & (Order.course_id == course.id) & (Order.state == "open")
