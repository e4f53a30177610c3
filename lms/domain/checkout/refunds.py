"""A sale taken back: reverse transfers of everything it brought, and the money back to the card. By the bank: see disputes."""

from dataclasses import dataclass

from sqlalchemy import select, update

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.checkout import locks, papers, splits
from lms.domain.checkout.books import Book
from lms.domain.checkout.models import Dispute, Payment, Refund
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.models import EUR
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError

MOST_TRIES = 12


@dataclass(frozen=True)
class Preview:
    """What a refund moves: `cash` cents to the card, `tokens` TEO of the discount back to the wallet, `rewards` TEO taken back, `deferred` never credited."""

    cash: int
    tokens: int
    rewards: int
    deferred: int


def preview(order):
    """The Preview of the order's refund."""
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    grants = [grant for grant in enrolments.rewards_of(enrolment) if not grant.taken_back_at] if enrolment else []
    credited, deferred = (sum(grant.amount for grant in grants if grant.is_deferred is later) for later in (False, True))
    return Preview(order.total, order.tokens, credited, deferred)


def obstacle(order, enrolment):
    """The refusal (a DomainError, not raised) that keeps the buyer from getting his money back, or None."""
    if not order.is_paid or enrolment is None:
        return DomainError("Only a course that is paid can be refunded.")
    if _is_disputed(Payment.order_id == order.id, Payment.state == "applied"):
        return DomainError("Your bank has asked for this payment back for you. While it decides we cannot send it back, too.")
    rules = rulebook.version(order.rule_version)
    if clock.now() >= rules.refundable_until(order.paid_at):
        return DomainError("The %(days)d days to change your mind are over.", days=rules.refund_days)
    if enrolment.percent >= rules.refund_below_percent:
        return DomainError("You have completed %(done)d %% of the course; a refund is possible below %(most)d %%.", done=enrolment.percent, most=rules.refund_below_percent)
    return None


def refund(order):
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
    _end(order, enrolment)
    send_back(_payment(order))
    return order


def follow(payment, reference):
    """Somebody has sent the whole payment back by the gateway's own pages: what it brought goes back, too, since its money is gone."""
    db.session.refresh(payment, with_for_update=True)
    if payment.state == "applied":
        _end(locks.order(payment.order_id), enrolments.enrolment(payment.order.buyer_id, payment.order.course_id))
    elif payment.state == "held" and payment.currency == EUR:
        _post_returned(payment)
    else:
        return
    payment.state, now = "returned", clock.now()
    db.session.add(Refund(payment_id=payment.id, amount=payment.amount, state="done", reference=reference, asked_at=now, done_at=now))
    db.session.flush()


def _end(order, enrolment):
    take_back(order, enrolment, "refund")
    order.state, order.ended_at = "refunded", clock.now()
    papers.credit_note(order)
    tell(order, "refunded")
    db.session.flush()


def tell(order, what):
    """Buyer and teacher, each of his side of it."""
    facts = dict(order=order.id, course=order.course.title, amount=order.total)
    notices.tell(order.buyer_id, f"order {what}", f"order:{order.id}", **facts)
    notices.tell(order.teacher_id, f"sale {what}", f"order:{order.id}", **facts)


def return_held(payment):
    """Money that paid nothing goes back to where it came from, once."""
    db.session.refresh(payment, with_for_update=True)
    if payment.state != "held" or payment.currency != EUR:
        raise DomainError("This payment cannot be sent back from here.")
    if _is_disputed(Payment.id == payment.id):
        raise DomainError("The bank has asked for this payment back. While it decides it cannot be sent back from here.")
    _post_returned(payment)
    send_back(payment)


def _post_returned(payment):
    escrow, cards = accounts.platform(EUR, "escrow"), accounts.platform(EUR, "cards")
    ledger.post(f"payment:{payment.id}:returned", escrow, cards, payment.amount, "returned", evidence={"payment": payment.id})


def send_back(payment):
    """The whole payment back to the card: the outbox of a job, in this transaction."""
    payment.state = "returned"
    db.session.add(Refund(payment_id=payment.id, amount=payment.amount, asked_at=clock.now()))
    db.session.flush()


def count_try(refund_id):
    """One try more, committed before it is made. The Refund, or None when it needs none."""
    rows = update(Refund).where(Refund.id == refund_id, Refund.state == "waiting", Refund.tries < MOST_TRIES)
    return db.session.scalar(rows.values(tries=Refund.tries + 1).returning(Refund))


def mark_sent(refund_id, reference, is_done):
    """The gateway took it under this reference; it is done at once, or when an event says so."""
    refund = db.session.get_one(Refund, refund_id, with_for_update=True)
    if refund.state == "waiting" or (refund.state == "failed" and refund.reference is None):  # given up while the last try was on its way
        refund.reference, refund.state = reference, "done" if is_done else "sent"
        refund.done_at = clock.now() if is_done else None
    db.session.flush()


def mark_failed(refund, why):
    """The gateway will not: an admin sees to it, since the member was promised his money."""
    refund.state, refund.error = "failed", why[:200]
    audit.open_incident("refund failed", refund.id, payment=refund.payment_id, amount=refund.amount, why=refund.error)
    db.session.flush()


def confirm(payment, reference, amount, succeeded, why=""):
    """What the gateway says became of a refund of `amount` cents; of one that we never asked for an admin is told.

    In any order: what failed does not succeed afterwards. One made by hand is followed when it is of the whole payment; a part of it is the admin's."""
    refund = db.session.scalar(select(Refund).where(Refund.payment_id == payment.id).with_for_update())
    if refund is None or refund.amount != amount or refund.reference not in (None, reference):
        audit.open_incident("refund not ours", f"{payment.gateway}:{reference}", payment=payment.id, order=payment.order_id, amount=amount)
        return follow(payment, reference) if succeeded and refund is None and amount == payment.amount else None
    has_failed = refund.state == "failed" and refund.reference == reference
    refund.reference = reference
    if not succeeded:
        mark_failed(refund, why)
    elif not has_failed:
        refund.state, refund.done_at = "done", refund.done_at or clock.now()
    db.session.flush()


def has_failed(payment_id):
    """Whether the payment was to go back and did not."""
    return db.session.scalar(select(Refund.id).where(Refund.payment_id == payment_id, Refund.state == "failed")) is not None


def take_back(order, enrolment, reason):
    """Everything the sale brought to anybody, back. Answers the Book."""
    if enrolment:
        learning.end(enrolment)
    grants = rewards.lock_course(order.buyer_id, order.course_id)  # after the enrolment: no lesson brings another meanwhile
    book = Book(order)
    if order.decided_at:
        splits.take_apart(order, book, reason)
    rewards.take_back_all(grants, reason, order=order.id, course=order.course.title)
    book.post("vat:back", book.euros("vat"), book.euros("escrow"), order.vat, reason)
    book.post("paid:back", book.euros("escrow"), book.euros("cards"), order.total, reason)
    book.post("discount:back", book.tokens("escrow"), book.buyer("available"), order.tokens, reason)
    return book


def _payment(order):
    return db.session.scalars(select(Payment).where(Payment.order_id == order.id, Payment.state == "applied").with_for_update()).one()


def _is_disputed(*which):
    """Gateways refuse the refund of a payment that a bank asks back; made all the same, the money would go twice."""
    return db.session.scalar(select(Dispute.id).join(Dispute.payment).where(Dispute.state == "open", *which).limit(1)) is not None
