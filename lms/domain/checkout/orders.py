"""An order's own steps: opened, its TEO set aside, closed. Who takes them, and when: actions."""

import secrets

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.checkout.models import Order
from lms.domain.checkout.order_accounts import Book
from lms.domain.checkout.terms import Terms
from lms.domain.courses.models import Course
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.errors import DomainError, Invalid


def with_key(buyer: User, course: Course, key: str) -> Order | None:
    """The buyer's order that this form's key has brought, or None; raises Invalid for one of another course."""
    same = db.session.scalar(select(Order).where(Order.buyer_id == buyer.id, Order.key == key).execution_options(populate_existing=True))
    if same and same.course_id != course.id:
        raise Invalid("The form is damaged. Load the page again.")
    return same


def waiting(buyer: User, course: Course, asked: Terms) -> Order | None:
    """The order that waits for its payment, unless it asks for something else: then it is closed, as nobody may pay the old one by surprise."""
    rows = select(Order).where(Order.buyer_id == buyer.id, Order.course_id == course.id, Order.state == "open")
    found = db.session.scalar(rows.with_for_update(key_share=True).execution_options(populate_existing=True))
    if found and not asked.are_of(found):
        close(found, "expired")
        return None
    return found


def open_new(buyer: User, course: Course, key: str, asked: Terms, unpaid: Order | None) -> Order:
    """A new order on these Terms, its TEO set aside; raises DomainError when they are not there.

    `unpaid` is an earlier order of this key that failed or expired: its form, sent again, means to try again."""
    order = Order(
        key=f"{key}~{secrets.token_hex(4)}" if unpaid else key,
        buyer_id=buyer.id,
        course_id=course.id,
        teacher_id=course.teacher_id,
        placed_at=clock.now(),
        reserved=0,
        **asked.frozen,
    )
    db.session.add(order)
    db.session.flush()
    try:
        set_aside(order)
    except ledger.Overdraft:
        raise DomainError("You do not have %(count)s TEO available for this discount.", count=f"{order.discount / 100:.2f}") from None
    return order


def set_aside(order: Order) -> None:
    """Take what the order asks for in TEO out of what its buyer can spend; raises Overdraft."""
    order.reserved += 1
    _move_tokens(order, "reserved", "available", "reserved", "order placed")


def close(order: Order, state: str) -> None:
    """An order that came to nothing gives back what it had set aside."""
    order.state = state
    _move_tokens(order, "given back", "reserved", "available", "order closed")
    db.session.flush()


def close_others(paid: Order) -> None:
    """An order for the same course that is still open comes to nothing, and gives back what it had set aside."""
    rows = select(Order).where(Order.buyer_id == paid.buyer_id, Order.course_id == paid.course_id, Order.state == "open", Order.id != paid.id)
    for order in db.session.scalars(rows.with_for_update(key_share=True)):
        close(order, "expired")


def lock(order: Order) -> None:
    """All that its payment will lock, in the order in which everybody does: how far the buyer is in the course, then accounts."""
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    if enrolment:
        learning.lock(enrolment)
    Book(order)


def _move_tokens(order: Order, what: str, source: str, target: str, reason: str) -> None:
    if order.tokens:
        giving, taking = (accounts.member(order.buyer_id, "TEO", name) for name in (source, target))
        facts = {"order": order.id, "course": order.course.title, "level": order.level_bp, "price": order.price}
        key = f"order:{order.id}:{what}:{order.reserved}"
        ledger.post(key, giving, taking, order.tokens, reason, evidence=facts, rule_version=order.rule_version)
