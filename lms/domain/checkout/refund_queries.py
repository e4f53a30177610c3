"""Refunds and orders as admins find them. Amounts in EUR cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, union
from sqlalchemy.orm import joinedload

from lms.db import Page, db, page_of
from lms.domain.accounts import queries as members
from lms.domain.accounts.models import User
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment, Refund, RefundByHand

STATES = ("waiting", "sent", "failed", "done")
ORDER_STATES = ("open", "paid", "failed", "expired", "refunded", "charged back")
LARGEST_NUMBER = 2**31 - 1
Back = TypeVar("Back", Refund, RefundByHand, Dispute)  # what went back of a payment


@dataclass(frozen=True)
class Trail:
    """What came for an order and what went back of it, each oldest first."""

    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    parts: Sequence[RefundByHand]
    disputes: Sequence[Dispute]


def page(state: str = "", number: int = 1) -> Page[Refund]:
    """One page of Refunds with their payments, orders, courses and buyers, newest first; of one of the STATES where it is one. Two statements."""
    order = joinedload(Refund.payment).joinedload(Payment.order)
    rows = select(Refund).options(order.joinedload(Order.course), order.joinedload(Order.buyer))
    if state in STATES:
        rows = rows.where(Refund.state == state)
    return page_of(rows.order_by(Refund.id.desc()), number)


def counts() -> dict[str, int]:
    """{state: how many Refunds}; what there is none of is missing."""
    return dict(db.session.execute(select(Refund.state, func.count()).group_by(Refund.state)).all())


def orders(
    word: str = "", state: str = "", buyer_id: int | None = None, teacher_id: int | None = None, number: int = 1
) -> Page[Order]:
    """One page of Orders with their courses, buyers and teachers, newest first: of one of the ORDER_STATES where it is one, of this buyer, or those
    that this teacher sold. `word`: as in _about. Two statements."""
    rows = select(Order).where(*_about(word)).options(*map(joinedload, (Order.course, Order.buyer, Order.teacher)))
    rows = rows.where(Order.state == state) if state in ORDER_STATES else rows
    rows = rows.where(Order.buyer_id == buyer_id) if buyer_id else rows
    rows = rows.where(Order.teacher_id == teacher_id, Order.paid_at.is_not(None)) if teacher_id else rows
    return page_of(rows.order_by(Order.id.desc()), number)


def _about(word: str) -> list[ColumnElement[bool]]:
    """What those fulfil that the word is about: their number, the reference of a payment that came for them, or what is in the name or address of buyer
    or teacher. Nothing for no word."""
    if not word:
        return []
    called = select(User.id).where(members.is_called(word))
    found = [select(Payment.order_id).where(Payment.reference == word)]
    found += [select(Order.id).where(who.in_(called)) for who in (Order.buyer_id, Order.teacher_id)]
    if word.isdecimal() and int(word) <= LARGEST_NUMBER:
        found.append(select(literal(int(word))))
    return [Order.id.in_(union(*found))]  # each has an index; no order is held against all of them


def order(order_id: int) -> Order | None:
    """With its course, teacher, buyer and coupon, or None."""
    parts = (Order.course, Order.teacher, Order.buyer, Order.coupon)
    return db.session.scalar(select(Order).where(Order.id == order_id).options(*map(joinedload, parts)))


def trail(order: Order) -> Trail:
    """The Trail of an order; four statements."""
    # Each of the two has an index of its own.
    mine = or_(and_(Payment.order_id == order.id, Payment.state == "applied"), and_(Payment.order_id == order.id, Payment.state != "applied"))
    payments = db.session.scalars(select(Payment).where(mine).order_by(Payment.id)).all()
    ids = [payment.id for payment in payments]
    return Trail(payments, _back(Refund, ids), _back(RefundByHand, ids), _back(Dispute, ids))


def _back(model: type[Back], payment_ids: Sequence[int]) -> Sequence[Back]:
    return db.session.scalars(select(model).where(model.payment_id.in_(payment_ids)).order_by(model.id)).all()
