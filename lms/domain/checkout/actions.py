"""Orders placed, and what a payment does: reading `mark_paid` tells everything."""

from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.checkout import coupons, disputes, locks, orders, papers, payments, refund_outbox, splits
from lms.domain.checkout.facts import Event, there
from lms.domain.checkout.models import Coupon, Order
from lms.domain.checkout.order_accounts import Book
from lms.domain.checkout.payment_models import Payment, WebhookEvent
from lms.domain.checkout.terms import frozen, looked_at, obstacle, terms
from lms.domain.courses.models import Course
from lms.domain.learning import actions as learning
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rewards.models import Grant
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Invalid

ORDER_LIFE = timedelta(minutes=30)
LONGEST_KEY = 80


def place_order(
    buyer: User, course: Course, key: str | None, vat_rate: int = 0, *, level_bp: int = 0, code: str | None = ""
) -> Order:
    """The order for this key, its TEO set aside; another key while one on the same terms is open answers the open one, so two tabs share it.

    `vat_rate` and `level_bp` (how much of the price is paid in TEO) in basis points, `code` a coupon's.
    Raises DomainError when the member may not buy the course now, or not like that."""
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("The form is damaged. Load the page again.")
    locks.buyer(buyer.id)
    same = orders.with_key(buyer, course, key)
    if same and same.is_paid:
        return same
    db.session.refresh(course)
    db.session.refresh(buyer, ["frozen_at"])
    refusal = obstacle(buyer, course) or frozen(buyer, level_bp)
    if refusal:
        raise refusal
    rules = rulebook.in_force()
    if not rules.may_cost(course.price):  # priced before this was the lowest
        raise DomainError("This course costs less than the rules allow by now. Its teacher has to set a new price first.")
    if level_bp not in rules.levels_up_to(course.discount_bp):
        raise Invalid("This part of the price cannot be paid in TEO. Choose one of those offered.")
    coupon = coupons.claim(code, course, buyer) if coupons.normal(code) else None
    asked = terms(course, vat_rate, level_bp, coupon)
    return orders.waiting(buyer, course, asked) or orders.open_new(buyer, course, key, asked, same)


def receive(gateway: str, event: Event) -> Order | None:
    """Handle a signed event of a payment gateway once. Answers the order it was about, or None.

    `event` is a gateways.payments.Event; `gateway` the name of who sent it."""
    seen = insert(WebhookEvent).values(gateway=gateway, event_id=event.id, kind=event.kind, received_at=clock.now())
    if db.session.scalar(seen.on_conflict_do_nothing().returning(WebhookEvent.event_id)) is None:
        return None
    if event.reference:
        locks.payment(gateway, event.reference)
    order = locks.order_or_none(event.order_id or _order_paid_by(gateway, event))
    if event.kind == "payment.failed" and order and order.is_open:
        orders.close(order, "failed")
    elif event.kind == "payment.succeeded":
        _take(gateway, event, order)
    elif event.kind in ("refund.succeeded", "refund.failed"):
        _hear_refund(gateway, event)
    elif event.kind in ("dispute.opened", "dispute.won", "dispute.lost"):
        disputes.hear(gateway, event, order)
    db.session.flush()
    return order


def mark_paid(order: Order, payment: Payment) -> Grant | None:
    """Everything a purchase does, in one transaction: the student enrolled, the money in escrow and split, the reward credited."""
    rules = rulebook.version(order.rule_version)
    enrolment = learning.enroll(order.buyer_id, order.course, rules, paid=order.cash, order_id=order.id)
    book = Book(order)
    if enrolment is None:
        orders.close(order, "expired")
        payments.hold(payment, "enrolled already", order)
        return None
    payment.state = "applied"
    order.state, order.paid_at = "paid", clock.now()
    book.post("paid", book.euros("cards"), book.euros("escrow"), order.total, "paid", payment=payment.id)
    book.post("vat", book.euros("escrow"), book.euros("vat"), order.vat, "vat")
    book.post("discount", book.buyer("reserved"), book.tokens("escrow"), order.tokens, "discount", level=order.level_bp, price=order.price)
    splits.settle(order, book)
    papers.invoice(order, payment)
    _tell_used_up(order.coupon)
    return rewards.grant(
        f"course:{order.course_id}:user:{order.buyer_id}:purchase",
        order.buyer_id,
        "purchase",
        rules.purchase_reward(order.cash, order.reward_bp),
        rules,
        enrolment.matures_at,
        course_id=order.course_id,
        evidence=dict(order=order.id, course=order.course.title, payment=payment.id, paid=order.cash, rate_bp=rules.purchase_rate(order.reward_bp)),
    )


def expire(order_id: int) -> Order | None:
    """An order nobody paid in time is closed, and its TEO are the member's again; a payment that comes later is still taken. Answers the order when it was."""
    order = locks.order_or_none(order_id)
    if order is None or not order.is_open or order.placed_at + ORDER_LIFE > clock.now():
        return None
    orders.close(order, "expired")
    return order


def cancel(order: Order) -> Order:
    """Its buyer does not want to pay any more: closed as one whose time is over, and so is a payment taken that comes later. Answers the order.

    What is closed already stays so; raises DomainError when it is paid, or money came for it at which an admin looks."""
    order = locks.order(order.id)
    if order.paid_at:
        raise DomainError("This order cannot be cancelled any more: it is paid.")
    if order.is_open:
        refusal = looked_at(order.buyer, order.course)
        if refusal:
            raise refusal
        orders.close(order, "expired")
    return order


def _tell_used_up(coupon: Coupon | None) -> None:
    """Its teacher may want to make another."""
    if coupon and coupon.most_uses is not None and coupons.uses(coupon) >= coupon.most_uses:
        notices.tell(coupon.teacher_id, "coupon used up", f"coupon:{coupon.id}", code=coupon.code)


def _take(gateway: str, event: Event, order: Order | None) -> None:
    """Record money that arrived, once per payment, and apply it to its order when it is exactly what the order asks."""
    payment = payments.record(gateway, event, order)
    if payment is None:
        return
    why = payments.why_not(event, order)
    if why or order is None:
        payments.hold(payment, why, order)
    else:
        mark_paid(order, payment)
    disputes.meet(payment, order)


def _hear_refund(gateway: str, event: Event) -> None:
    payment = payments.told_of(gateway, event)
    if payment:
        refund_outbox.confirm(payment, there(event.refund), there(event.amount), event.kind == "refund.succeeded", event.reason or "")


def _order_paid_by(gateway: str, event: Event) -> int | None:
    """The id of the order whose payment an event names, when it names no order itself."""
    payment = payments.told_of(gateway, event) if event.reference else None
    return payment.order_id if payment else None
