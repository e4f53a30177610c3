"""Coupons of teachers: so much off a list price, for a while, so many times, once a member."""

from sqlalchemy import func, select

from lms import clock
from lms.db import db
from lms.domain.checkout.models import Coupon, Order
from lms.errors import Invalid

LONGEST_CODE = 30
_USED = ("open", "paid")


def normal(code):
    """One spelling a code: upper case, without spaces."""
    return "".join((code or "").replace("\x00", "").split()).upper()[: LONGEST_CODE + 1]


def find(code, course):
    """The coupon with this code for the course, whether it still holds or not; None for no such code."""
    rows = select(Coupon).where(Coupon.teacher_id == course.teacher_id, Coupon.code == normal(code))
    return db.session.scalar(rows.where(Coupon.course_id.is_(None) | (Coupon.course_id == course.id)))


def claim(code, course, buyer):
    """The coupon the member takes for this course, locked until his order stands: of two who want the last use one gets it. Raises Invalid."""
    coupon = find(code, course)
    if coupon:
        db.session.refresh(coupon, with_for_update=True)
    refusal = obstacle(coupon, course, buyer)
    if refusal:
        raise refusal
    return coupon


def obstacle(coupon, course, buyer):
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


def uses(coupon, but=None):
    """How many orders hold the coupon: paid, or waiting for their payment. One that came to nothing gives its use back."""
    rows = select(func.count()).where(Order.coupon_id == coupon.id, Order.state.in_(_USED))
    return db.session.scalar(rows if but is None else rows.where(~but))


def _is_used_by(coupon, course, buyer):
    rows = select(Order.id).where(Order.coupon_id == coupon.id, Order.buyer_id == buyer.id, Order.state.in_((*_USED, "refunded", "charged back")))
    return db.session.scalar(rows.where(~_waiting(course, buyer)).limit(1)) is not None


def _waiting(course, buyer):
    """The member's own order of the course that waits: what it holds is his to order anew."""
    return (Order.buyer_id == buyer.id) & (Order.course_id == course.id) & (Order.state == "open")
