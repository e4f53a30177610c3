"""Orders placed, and what a payment does: reading `mark_paid` tells everything."""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.checkout import coupons, disputes, locks, outbox, papers, splits
from lms.domain.checkout.books import Book
from lms.domain.checkout.models import Order, Payment, WebhookEvent
from lms.domain.checkout.terms import PAYMENT_HELD, frozen, obstacle, terms
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.models import EUR
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Invalid

ORDER_LIFE = timedelta(minutes=30)
LONGEST_KEY = 80


def place_order(buyer, course, key, vat_rate=0, *, level_bp=0, code=""):
    """The order for this key, its TEO set aside; another key while one on the same terms is open answers the open one, so two tabs share it.

    `vat_rate` and `level_bp` (how much of the price is paid in TEO) in basis points, `code` a coupon's.
    Raises DomainError when the member may not buy the course now, or not like that."""
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("The form is damaged. Load the page again.")
    locks.buyer(buyer.id)
    same = _order_with(buyer, course, key)
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
    return _open_order(buyer, course, asked) or _new_order(buyer, course, key, asked, same)


def receive(gateway, event):
    """Handle a signed event of a payment gateway once. Answers the order it was about, or None.

    `event` is a gateways.payments.Event; `gateway` the name of who sent it."""
    seen = insert(WebhookEvent).values(gateway=gateway, event_id=event.id, kind=event.kind, received_at=clock.now())
    if db.session.scalar(seen.on_conflict_do_nothing().returning(WebhookEvent.event_id)) is None:
        return None
    if event.reference:
        locks.payment(gateway, event.reference)
    order = locks.order(event.order_id or _order_paid_by(gateway, event))
    if event.kind == "payment.failed" and order and order.is_open:
        _close(order, "failed")
    elif event.kind == "payment.succeeded":
        _take(gateway, event, order)
    elif event.kind in ("refund.succeeded", "refund.failed"):
        _hear_refund(gateway, event)
    elif event.kind in ("dispute.opened", "dispute.won", "dispute.lost"):
        disputes.hear(gateway, event, order)
    db.session.flush()
    return order


def mark_paid(order, payment):
    """Everything a purchase does, in one transaction: the student enrolled, the money in escrow and split, the reward credited."""
    rules = rulebook.version(order.rule_version)
    enrolment = learning.enroll(order.buyer_id, order.course, rules, paid=order.cash, order_id=order.id)
    book = Book(order)
    if enrolment is None:
        _close(order, "expired")
        return _hold(payment, "enrolled already", order)
    payment.state = "applied"
    order.state, order.paid_at = "paid", clock.now()
    _close_other_orders(order)
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


def _tell_used_up(coupon):
    """Its teacher may want to make another."""
    if coupon and coupon.most_uses is not None and coupons.uses(coupon) >= coupon.most_uses:
        notices.tell(coupon.teacher_id, "coupon used up", f"coupon:{coupon.id}", code=coupon.code)


def expire(order_id):
    """An order nobody paid in time is closed, and its TEO are the member's again; a payment that comes later is still taken. Answers the order when it was."""
    order = locks.order(order_id)
    if order is None or not order.is_open or order.placed_at + ORDER_LIFE > clock.now():
        return None
    _close(order, "expired")
    return order


def _take(gateway, event, order):
    """Record money that arrived, once per payment, and apply it to its order when it is exactly what the order asks."""
    payment = _record(gateway, event, order)
    if payment is None:
        return
    why = _why_not(event, order)
    if why:
        _hold(payment, why, order)
    else:
        mark_paid(order, payment)
    disputes.meet(payment, order)


def _record(gateway, event, order):
    """A new payment, held until something says otherwise; None when it was recorded before, whatever order it then named."""
    row = dict(
        gateway=gateway,
        reference=event.reference,
        order_id=order.id if order else None,
        amount=event.amount,
        currency=event.currency,
        state="held",
        received_at=clock.now(),
    )
    new = insert(Payment).values(row).on_conflict_do_nothing(index_elements=["gateway", "reference"]).returning(Payment.id)
    payment_id = db.session.scalar(new)
    return db.session.get_one(Payment, payment_id) if payment_id else None


def _why_not(event, order):
    """Why the payment cannot pay its order; empty when it can."""
    if order is None:
        return "no such order"
    if event.currency != order.currency:
        return "wrong currency"
    if event.amount != order.total:
        return "wrong amount"
    if order.paid_at:
        return "paid already"
    return "" if order.is_open else _why_not_any_more(order)


def _why_not_any_more(order):
    """A late payment finds what the order had set aside given back: the coupon's use and the TEO are taken once more, when they are still there."""
    try:
        with db.session.begin_nested():
            if order.coupon:
                coupons.claim(order.coupon.code, order.course, order.buyer)
            _lock(order)
            _set_aside(order)
    except ledger.Overdraft:
        return "discount gone"
    except Invalid:
        return "coupon gone"
    return ""


def _lock(order):
    """All that its payment will lock, in the order in which everybody does: how far the buyer is in the course, then accounts."""
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    if enrolment:
        learning.lock(enrolment)
    Book(order)


def _hold(payment, why, order):
    """Money that pays nothing is kept in escrow and an admin is told whose it is, so that it can be sent back."""
    payment.why = why
    facts = dict(payment=payment.id, amount=payment.amount, currency=payment.currency, why=why, **_asked(order))
    audit.open_incident(PAYMENT_HELD, f"{payment.gateway}:{payment.reference}", **facts)
    if payment.currency == EUR:
        cards, escrow = accounts.platform(EUR, "cards"), accounts.platform(EUR, "escrow")
        ledger.post(f"payment:{payment.id}:held", cards, escrow, payment.amount, "held", evidence={"payment": payment.id})


def _asked(order):
    """Who was to pay what, as an admin is told."""
    if order is None:
        return {}
    return dict(order=order.id, asked=order.total, course=order.course.title, buyer=order.buyer.name, address=order.buyer.email)


def _hear_refund(gateway, event):
    payment = _payment(gateway, event)
    if payment:
        outbox.confirm(payment, event.refund, event.amount, event.kind == "refund.succeeded", event.reason or "")


def _order_paid_by(gateway, event):
    """The id of the order whose payment an event names, when it names no order itself."""
    payment = _payment(gateway, event) if event.reference else None
    return payment and payment.order_id


def _payment(gateway, event):
    return db.session.scalar(select(Payment).where(Payment.gateway == gateway, Payment.reference == event.reference))


def _order_with(buyer, course, key):
    same = db.session.scalar(select(Order).where(Order.buyer_id == buyer.id, Order.key == key).execution_options(populate_existing=True))
    if same and same.course_id != course.id:
        raise Invalid("The form is damaged. Load the page again.")
    return same


def _open_order(buyer, course, asked):
    """The order that waits for its payment, unless it asks for something else: then it is closed, as nobody may pay the old one by surprise."""
    rows = select(Order).where(Order.buyer_id == buyer.id, Order.course_id == course.id, Order.state == "open")
    waiting = db.session.scalar(rows.with_for_update(key_share=True).execution_options(populate_existing=True))
    if waiting and not asked.are_of(waiting):
        _close(waiting, "expired")
        return None
    return waiting


def _new_order(buyer, course, key, asked, unpaid):
    """`unpaid` is an earlier order of this key that failed or expired: its form, sent again, means to try again."""
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
        _set_aside(order)
    except ledger.Overdraft:
        raise DomainError("You do not have %(count)s TEO available for this discount.", count=f"{order.discount / 100:.2f}") from None
    return order


def _set_aside(order):
    order.reserved += 1
    _move_tokens(order, "reserved", "available", "reserved", "order placed")


def _close(order, state):
    """An order that came to nothing gives back what it had set aside."""
    order.state = state
    _move_tokens(order, "given back", "reserved", "available", "order closed")
    db.session.flush()


def _move_tokens(order, what, source, target, reason):
    if order.tokens:
        source, target = (accounts.member(order.buyer_id, "TEO", name) for name in (source, target))
        facts = {"order": order.id, "course": order.course.title, "level": order.level_bp, "price": order.price}
        key = f"order:{order.id}:{what}:{order.reserved}"
        ledger.post(key, source, target, order.tokens, reason, evidence=facts, rule_version=order.rule_version)


def _close_other_orders(paid):
    """An order for the same course that is still open can no longer be paid: its money would be held."""
    rows = select(Order).where(Order.buyer_id == paid.buyer_id, Order.course_id == paid.course_id, Order.state == "open", Order.id != paid.id)
    for order in db.session.scalars(rows.with_for_update(key_share=True)):
        _close(order, "expired")
