"""Refunds and orders as admins find them. Amounts in EUR cents."""

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload

from lms.db import db, page_of
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment, Refund, RefundByHand

STATES = ("waiting", "sent", "failed", "done")


@dataclass(frozen=True)
class Trail:
    """What came for an order and what went back of it, each oldest first."""

    payments: list
    refunds: list
    parts: list  # RefundByHand
    disputes: list


def page(state="", number=1):
    """One page of Refunds with their payments, orders, courses and buyers, newest first; of one of the STATES where it is one. Two statements."""
    order = joinedload(Refund.payment).joinedload(Payment.order)
    rows = select(Refund).options(order.joinedload(Order.course), order.joinedload(Order.buyer))
    if state in STATES:
        rows = rows.where(Refund.state == state)
    return page_of(rows.order_by(Refund.id.desc()), number)


def counts():
    """{state: how many Refunds}; what there is none of is missing."""
    return dict(db.session.execute(select(Refund.state, func.count()).group_by(Refund.state)).all())


def order(order_id):
    """With its course, teacher, buyer and coupon, or None."""
    parts = (Order.course, Order.teacher, Order.buyer, Order.coupon)
    return db.session.scalar(select(Order).where(Order.id == order_id).options(*map(joinedload, parts)))


def trail(order):
    """The Trail of an order; four statements."""
    # Each of the two has an index of its own.
    mine = or_(and_(Payment.order_id == order.id, Payment.state == "applied"), and_(Payment.order_id == order.id, Payment.state != "applied"))
    payments = db.session.scalars(select(Payment).where(mine).order_by(Payment.id)).all()
    ids = [payment.id for payment in payments]
    return Trail(payments, *(db.session.scalars(select(model).where(model.payment_id.in_(ids)).order_by(model.id)).all() for model in (Refund, RefundByHand, Dispute)))
