"""Orders placed, and what a payment does: reading `mark_paid` tells everything."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.checkout.models import Order, Payment, WebhookEvent
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.models import EUR, TEO
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import BASIS, half_up
from lms.errors import DomainError, Forbidden, Invalid

ORDER_LIFE = timedelta(hours=24)
LONGEST_KEY = 80


def place_order(buyer, course, key, vat_rate=0):
    """The order for this key; another key while one is open answers the open one, so two tabs share it.

    `vat_rate` in basis points. Raises DomainError when the member may not buy the course now."""
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("The form is damaged. Load the page again.")
    _lock_buyer(buyer)
    found = _order_in_hand(buyer, course, key)
    if found:
        return found
    _may_buy(buyer, course)
    rules = rulebook.in_force()
    tier = rules.tier(accounts.member(course.teacher_id, TEO, "staked").balance)
    order = Order(
        key=key,
        buyer_id=buyer.id,
        course_id=course.id,
        teacher_id=course.teacher_id,
        price=course.price,
        vat=half_up(course.price * vat_rate, BASIS),
        share=rules.teacher_share(course.price, tier),
        tier=tier.name,
        reward_bp=course.reward_bp,
        rule_version=rules.number,
        placed_at=clock.now(),
    )
    db.session.add(order)
    db.session.flush()
    return order


def receive(gateway, event):
    """Handle a signed event of a payment gateway once. Answers the order it was about, or None.

    `event` has id, kind ('payment.succeeded', 'payment.failed', …), reference, order_id, amount in cents and currency."""
    seen = insert(WebhookEvent).values(gateway=gateway, event_id=event.id, kind=event.kind, received_at=clock.now())
    if db.session.execute(seen.on_conflict_do_nothing()).rowcount == 0:
        return None
    order = _locked_order(event.order_id)
    if event.kind == "payment.failed" and order and order.is_open:
        order.state = "failed"
    if event.kind == "payment.succeeded":
        _take(gateway, event, order)
    db.session.flush()
    return order


def mark_paid(order, payment):
    """Everything a purchase does, in one transaction: money split, the student enrolled, the reward credited."""
    order.state, order.paid_at = "paid", clock.now()
    rules = rulebook.version(order.rule_version)
    book = _Book(order)
    ledger.lock(*book.accounts)
    book.post("paid", book.cards, book.escrow, order.total)
    book.post("vat", book.escrow, book.vat, order.vat)
    share = book.post("share", book.escrow, book.earnings, order.share)
    book.post("platform", book.escrow, book.platform, order.price - order.share)
    if share:
        rewards.keep_maturing(share, order.teacher_id, rules.earnings_mature_at(order.paid_at, _teacher_since(order)))
    enrolment = learning.enroll(order.buyer_id, order.course, rules, paid=order.price, order_id=order.id)
    rewards.grant(
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
    if order.is_open and order.placed_at + ORDER_LIFE <= clock.now():
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
    """Record money that arrived, and apply it to its order when it is exactly what the order asks."""
    why = _why_not(event, order)
    row = dict(
        gateway=gateway,
        reference=event.reference,
        order_id=order.id if order else None,
        amount=event.amount,
        currency=event.currency,
        state="held" if why else "applied",
        why=why,
        received_at=clock.now(),
    )
    payment_id = db.session.scalar(insert(Payment).values(row).on_conflict_do_nothing(index_elements=["gateway", "reference"]).returning(Payment.id))
    if payment_id is None:
        return
    payment = db.session.get_one(Payment, payment_id)
    if why:
        _hold(payment)
    else:
        mark_paid(order, payment)


def _why_not(event, order):
    """Why the payment cannot pay its order; empty when it can."""
    if order is None:
        return "no such order"
    if event.currency != order.currency:
        return "wrong currency"
    if event.amount != order.total:
        return "wrong amount"
    if order.is_paid or enrolments.enrolment(order.buyer_id, order.course_id):
        return "already paid"
    return ""


def _hold(payment):
    """Money that pays nothing is kept in escrow and an admin is told, so that it can be sent back."""
    audit.open_incident("payment held", payment.reference, payment=payment.id, order=payment.order_id, why=payment.why)
    if payment.currency == EUR:
        cards, escrow = accounts.platform(EUR, "cards"), accounts.platform(EUR, "escrow")
        ledger.post(f"payment:{payment.id}:held", cards, escrow, payment.amount, "held", evidence={"payment": payment.id})


def _lock_buyer(buyer):
    """One order at a time for a buyer: two tabs cannot both place one."""
    db.session.execute(select(User.id).where(User.id == buyer.id).with_for_update())


def _order_in_hand(buyer, course, key):
    same = db.session.scalar(select(Order).where(Order.buyer_id == buyer.id, Order.key == key))
    if same and same.course_id != course.id:
        raise Invalid("The form is damaged. Load the page again.")
    if same and same.state in ("open", "paid"):
        return same
    waiting = select(Order).where(Order.buyer_id == buyer.id, Order.course_id == course.id, Order.state == "open")
    waiting = db.session.scalar(waiting)
    if waiting and waiting.price != course.price:
        waiting.state = "expired"
        db.session.flush()
        return None
    if same and not waiting:
        raise DomainError("This order was not paid. Load the page again to start anew.")
    return waiting


def _may_buy(buyer, course):
    if not course.is_published:
        raise DomainError("This course is not for sale.")
    if course.is_free:
        raise DomainError("This course is free: enrol without paying.")
    if course.teacher_id == buyer.id:
        raise DomainError("You teach this course.")
    if not buyer.is_verified:
        raise Forbidden("Confirm your e-mail address before you buy: open the link we sent you.")
    if enrolments.enrolment(buyer.id, course.id):
        raise DomainError("You are enrolled in this course already.")


def _locked_order(order_id):
    return db.session.scalar(select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True))


def _teacher_since(order):
    return order.teacher.teacher_since or order.teacher.created_at
