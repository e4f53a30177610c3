"""Orders placed, and what a payment does: reading `mark_paid` tells everything."""

import secrets
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.checkout.models import Order, Payment, WebhookEvent
from lms.domain.checkout.terms import PAYMENT_HELD, obstacle, terms
from lms.domain.learning import actions as learning
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.models import EUR, TEO
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.errors import Invalid

ORDER_LIFE = timedelta(hours=24)
LONGEST_KEY = 80


def place_order(buyer, course, key, vat_rate=0):
    """The order for this key; another key while one is open answers the open one, so two tabs share it.

    `vat_rate` in basis points. Raises DomainError when the member may not buy the course now."""
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("The form is damaged. Load the page again.")
    _lock_buyer(buyer.id)
    same = _order_with(buyer, course, key)
    if same and same.is_paid:
        return same
    db.session.refresh(course)
    refusal = obstacle(buyer, course)
    if refusal:
        raise refusal
    return _open_order(buyer, course) or _new_order(buyer, course, key, vat_rate, same)


def receive(gateway, event):
    """Handle a signed event of a payment gateway once. Answers the order it was about, or None.

    `event` has id, kind ('payment.succeeded', 'payment.failed', …), reference, order_id, amount in cents and currency."""
    seen = insert(WebhookEvent).values(gateway=gateway, event_id=event.id, kind=event.kind, received_at=clock.now())
    if db.session.scalar(seen.on_conflict_do_nothing().returning(WebhookEvent.event_id)) is None:
        return None
    order = _order_and_buyer_locked(event.order_id)
    if event.kind == "payment.failed" and order and order.is_open:
        order.state = "failed"
    if event.kind == "payment.succeeded":
        _take(gateway, event, order)
    db.session.flush()
    return order


def mark_paid(order, payment):
    """Everything a purchase does, in one transaction: the student enrolled, the money split, the reward credited."""
    rules = rulebook.version(order.rule_version)
    enrolment = learning.enroll(order.buyer_id, order.course, rules, paid=order.price, order_id=order.id)
    if enrolment is None:
        return _hold(payment, "enrolled already", order)
    payment.state = "applied"
    order.state, order.paid_at = "paid", clock.now()
    _close_other_orders(order)
    book = _Book(order)
    ledger.lock(*book.accounts)
    book.post("paid", book.cards, book.escrow, order.total)
    book.post("vat", book.escrow, book.vat, order.vat)
    share = book.post("share", book.escrow, book.earnings, order.share)
    book.post("platform", book.escrow, book.platform, order.price - order.share)
    if share:
        rewards.keep_maturing(share, order.teacher_id, rules.earnings_mature_at(order.paid_at, _teacher_since(order)))
    return rewards.grant(
        f"course:{order.course_id}:user:{order.buyer_id}:purchase",
        order.buyer_id,
        "purchase",
        rules.purchase_reward(order.price, order.reward_bp),
        rules,
        enrolment.matures_at,
        course_id=order.course_id,
        evidence={"order": order.id, "course": order.course.title, "payment": payment.id},
    )


def expire(order_id):
    """An order nobody paid for a day is closed; a payment that comes later is still taken."""
    order = _locked_order(order_id)
    if order and order.is_open and order.placed_at + ORDER_LIFE <= clock.now():
        order.state = "expired"
        db.session.flush()


class _Book:
    """The accounts of one order, and transfers keyed by it."""

    def __init__(self, order):
        self.order = order
        self.cards, self.escrow = accounts.platform(EUR, "cards"), accounts.platform(EUR, "escrow")
        self.platform, self.vat = accounts.platform(EUR, "platform"), accounts.platform(EUR, "vat")
        self.earnings = accounts.member(order.teacher_id, EUR, "maturing")
        rewarded = accounts.platform(TEO, "issuance"), accounts.member(order.buyer_id, TEO, "maturing")
        self.accounts = (self.cards, self.escrow, self.platform, self.vat, self.earnings, *rewarded)

    def post(self, what, source, target, amount):
        if amount == 0:
            return None
        evidence = {"order": self.order.id, "course": self.order.course.title}
        return ledger.post(f"order:{self.order.id}:{what}", source, target, amount, what, evidence=evidence, rule_version=self.order.rule_version)


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
    if order.is_paid:
        return "paid already"
    return ""


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


def _lock_buyer(user_id):
    """One order at a time for a buyer: neither two tabs nor two payments decide at once.

    Weak enough for rows of others to name him meanwhile: who holds accounts and then writes such a row would deadlock with us."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _order_with(buyer, course, key):
    same = db.session.scalar(select(Order).where(Order.buyer_id == buyer.id, Order.key == key).execution_options(populate_existing=True))
    if same and same.course_id != course.id:
        raise Invalid("The form is damaged. Load the page again.")
    return same


def _open_order(buyer, course):
    """The order that waits for its payment, unless the price has changed since: then it is closed, as nobody may pay the old one by surprise."""
    rows = select(Order).where(Order.buyer_id == buyer.id, Order.course_id == course.id, Order.state == "open")
    waiting = db.session.scalar(rows.with_for_update(key_share=True).execution_options(populate_existing=True))
    if waiting and waiting.price != course.price:
        waiting.state = "expired"
        db.session.flush()
        return None
    return waiting


def _new_order(buyer, course, key, vat_rate, unpaid):
    """`unpaid` is an earlier order of this key that failed or expired: its form, sent again, means to try again."""
    asked = terms(course, vat_rate)
    order = Order(
        key=f"{key}~{secrets.token_hex(4)}" if unpaid else key,
        buyer_id=buyer.id,
        course_id=course.id,
        teacher_id=course.teacher_id,
        price=asked.price,
        vat=asked.vat,
        share=asked.share,
        tier=asked.tier,
        reward_bp=asked.reward_bp,
        rule_version=asked.rule_version,
        placed_at=clock.now(),
    )
    db.session.add(order)
    db.session.flush()
    return order


def _close_other_orders(paid):
    """An order for the same course that is still open can no longer be paid: its money would be held."""
    same = (Order.buyer_id == paid.buyer_id, Order.course_id == paid.course_id, Order.state == "open", Order.id != paid.id)
    db.session.execute(update(Order).where(*same).values(state="expired"))


def _order_and_buyer_locked(order_id):
    """The buyer first, as place_order does."""
    buyer_id = db.session.scalar(select(Order.buyer_id).where(Order.id == order_id))
    if buyer_id is None:
        return None
    _lock_buyer(buyer_id)
    return _locked_order(order_id)


def _locked_order(order_id):
    rows = select(Order).where(Order.id == order_id).with_for_update(key_share=True)
    return db.session.scalar(rows.execution_options(populate_existing=True))


def _teacher_since(order):
    return order.teacher.teacher_since or order.teacher.created_at
