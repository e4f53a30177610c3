"""A sale taken back: reverse transfers of everything it brought, and the money back to the card. By the bank: see disputes."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.checkout import locks, papers, parties, refunds_by_hand, splits
from lms.domain.checkout.facts import there
from lms.domain.checkout.models import Order
from lms.domain.checkout.order_accounts import Book
from lms.domain.checkout.payment_models import Dispute, Payment, Refund
from lms.domain.learning import actions as learning
from lms.domain.learning import exercises, quizzes
from lms.domain.learning import queries as enrolments
from lms.domain.learning.models import Enrolment
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError


@dataclass(frozen=True)
class Preview:
    """What a refund moves: `cash` cents to the card (all that is not there already), `tokens` TEO of the discount back to the wallet, `rewards` TEO taken back, `deferred` never credited."""

    cash: int
    tokens: int
    rewards: int
    deferred: int


def preview(order: Order) -> Preview:
    """The Preview of the order's refund."""
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    grants = [grant for grant in enrolments.rewards_of(enrolment) if not grant.taken_back_at] if enrolment else []
    credited, deferred = (sum(grant.amount for grant in grants if grant.is_deferred is later) for later in (False, True))
    payment_id = db.session.scalar(select(Payment.id).where(Payment.order_id == order.id, Payment.state == "applied"))
    return Preview(max(0, order.total - refunds_by_hand.gone(payment_id)), order.tokens, credited, deferred)


def obstacle(order: Order, enrolment: Enrolment | None) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps the buyer from getting his money back, or None."""
    rules = rulebook.version(order.rule_version)
    return {
        "unpaid": DomainError("Only a course that is paid can be refunded."),
        "disputed": DomainError("Your bank has asked for this payment back for you. While it decides we cannot send it back, too."),
        "late": DomainError("The %(days)d days to change your mind are over.", days=rules.refund_days),
        "far": DomainError("You have completed %(done)d %% of the course; a refund is possible below %(most)d %%.", done=percent(enrolment), most=rules.refund_below_percent),
    }.get(hindrance(order, enrolment) or "")


def hindrance(order: Order, enrolment: Enrolment | None) -> str | None:
    """What keeps the buyer from getting his money back, in a word for whoever reads of it: unpaid, disputed, late or far; None where nothing does."""
    if not order.is_paid or order.paid_at is None or enrolment is None:
        return "unpaid"
    if is_disputed(order):
        return "disputed"
    rules = rulebook.version(order.rule_version)
    if rules.may_refund(order.paid_at, clock.now(), enrolment.percent):
        return None
    return "late" if clock.now() >= rules.refundable_until(order.paid_at) else "far"


def percent(enrolment: Enrolment | None) -> int:
    """How far he is in the course; nowhere where he has none."""
    return enrolment.percent if enrolment else 0


def is_disputed(order: Order) -> bool:
    """Whether a bank asks back what paid the order."""
    return _is_disputed(Payment.order_id == order.id, Payment.state == "applied")


def refund(order: Order) -> Order:
    """Give the buyer his money back and take back what the course brought, once: the order is refunded then, and its money on its way."""
    order = locks.order(order.id)
    if order.state == "refunded":
        return order
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    if enrolment:
        learning.lock(enrolment)
    refusal = obstacle(order, enrolment)
    if refusal:
        raise refusal
    end(order, enrolment)
    send_back(_payment(order))
    return order


def end(order: Order, enrolment: Enrolment | None) -> None:
    """The order is refunded: what it brought is taken back, and buyer and teacher are told. Its money is another's affair."""
    take_back(order, enrolment, "refund")
    order.state, order.ended_at = "refunded", clock.now()
    papers.credit_note(order)
    tell(order, "refunded")
    db.session.flush()


def tell(order: Order, what: str) -> None:
    """Buyer and teacher, each of his side of it."""
    facts = dict(order=order.id, course=order.course.title, amount=order.total)
    notices.tell(order.buyer_id, f"order {what}", f"order:{order.id}", **facts)
    notices.tell(order.teacher_id, f"sale {what}", f"order:{order.id}", **facts)


def return_held(payment: Payment, by: User) -> None:
    """Money that paid nothing goes back to where it came from, once."""
    parties.check(payment.order, by)
    db.session.refresh(payment, with_for_update=True)
    if payment.state != "held" or payment.currency != EUR:
        raise DomainError("This payment cannot be sent back from here.")
    check_undisputed(payment)
    post_returned(payment)
    send_back(payment)
    log.record("payment returned", f"payment {payment.id}", by, amount=payment.amount)


def post_returned(payment: Payment) -> None:
    """Of money that paid nothing: it is held no more."""
    escrow, cards = accounts.platform(EUR, "escrow"), accounts.platform(EUR, "cards")
    ledger.post(f"payment:{payment.id}:returned", escrow, cards, payment.amount, "returned", evidence={"payment": payment.id})


def send_back(payment: Payment) -> None:
    """The payment back to the card, but what went there by hand before: a row of the outbox, in this transaction."""
    payment.state = "returned"
    left = payment.amount - refunds_by_hand.settle(payment)
    if left > 0:  # parts told may come to more, while one of them is about to fail: the incident of each says so to an admin
        db.session.add(Refund(payment_id=payment.id, amount=left, asked_at=clock.now()))
    db.session.flush()


def check_undisputed(payment: Payment) -> None:
    """Gateways refuse the refund of a payment that a bank asks back; made all the same, the money would go twice."""
    if _is_disputed(Payment.id == payment.id):
        raise DomainError("The bank has asked for this payment back. While it decides it cannot be sent back from here.")


def take_back(order: Order, enrolment: Enrolment | None, reason: str) -> Book:
    """Everything the sale brought to anybody, back. Answers the Book."""
    if enrolment:
        learning.end(enrolment)
        exercises.withdraw(enrolment)
        quizzes.withdraw(enrolment)
    grants = rewards.lock_course(order.buyer_id, order.course_id)  # after the enrolment: no lesson brings another meanwhile
    book = Book(order, {grant.user_id for grant in grants})
    if order.decided_at:
        splits.take_apart(order, book, reason)
    rewards.take_back_all(grants, reason, order.id, course=order.course.title)
    book.post("vat:back", book.euros("vat"), book.euros("escrow"), order.vat, reason)
    book.post("paid:back", book.euros("escrow"), book.euros("cards"), order.total, reason)
    _return_discount(order, book, reason)
    return book


def _return_discount(order: Order, book: Book, reason: str) -> None:
    """The TEO the buyer had paid with, if any."""
    if order.tokens:
        paid = there(accounts.transfer(book.key("discount")))
        book.post("discount:back", book.tokens("escrow"), book.buyer("available"), order.tokens, reason, **paid.as_evidence)


def _payment(order: Order) -> Payment:
    return db.session.scalars(select(Payment).where(Payment.order_id == order.id, Payment.state == "applied").with_for_update()).one()


def _is_disputed(*which: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(Dispute.id).join(Dispute.payment).where(Dispute.state == "open", *which).limit(1)) is not None
