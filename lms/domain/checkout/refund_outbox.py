"""Refunds on their way to the card: tried by jobs until the gateway takes them, and what it says became of them."""

from sqlalchemy import select, update

from lms import clock
from lms.db import Facts, db
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.audit import log
from lms.domain.checkout import locks, parties, refunds, refunds_by_hand
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Payment, Refund, RefundByHand
from lms.domain.learning import queries as enrolments
from lms.domain.ledger.balance_parts import EUR
from lms.errors import DomainError

MOST_TRIES = 12
NOT_OURS = "refund not ours"  # the kind of incident that tells an admin of it


def count_try(refund_id: int) -> Refund | None:
    """One try more, committed before it is made. The Refund, or None when it needs none."""
    rows = update(Refund).where(Refund.id == refund_id, Refund.state == "waiting", Refund.tries < MOST_TRIES)
    return db.session.scalar(rows.values(tries=Refund.tries + 1).returning(Refund))


def mark_sent(refund_id: int, reference: str, is_done: bool) -> None:
    """The gateway took it under this reference; it is done at once, or when an event says so."""
    refund = db.session.get_one(Refund, refund_id, with_for_update=True)
    if refund.state == "waiting" or (refund.state == "failed" and refund.reference is None):  # given up while the last try was on its way
        refund.reference, refund.state = reference, "done" if is_done else "sent"
        refund.done_at = clock.now() if is_done else None
    db.session.flush()


def mark_failed(refund: Refund, why: str) -> None:
    """The gateway will not: an admin sees to it, since the member was promised his money."""
    refund.state, refund.error = "failed", why[:200]
    audit.open_incident("refund failed", refund.id, payment=refund.payment_id, amount=refund.amount, why=refund.error)
    db.session.flush()


def confirm(payment: Payment, reference: str, amount: int, succeeded: bool, why: str = "") -> None:
    """What the gateway says became of a refund of `amount` cents; of one that we never asked for an admin is told.

    In any order: what failed does not succeed afterwards. One made by hand is followed when it is of the whole payment, or all that was left of it;
    of a part the admin says what it was."""
    db.session.refresh(payment, with_for_update=True)
    refund = db.session.scalar(select(Refund).where(Refund.payment_id == payment.id).with_for_update())
    if refund is None or refund.amount != amount or not _is_told(refund, reference, succeeded):
        _hear_of_one_by_hand(payment, refund, reference, amount, succeeded)
        return
    has_failed = refund.state == "failed" and refund.reference == reference
    refund.reference = reference
    if not succeeded:
        mark_failed(refund, why)
    elif not has_failed:
        refund.state, refund.done_at = "done", refund.done_at or clock.now()
    db.session.flush()


def take_sale_back(part: RefundByHand, by: User) -> None:
    """An admin's word that a RefundByHand meant the whole sale: it is reversed, and the rest goes back to the card. Raises DomainError."""
    payment = db.session.get_one(Payment, part.payment_id)
    parties.check(payment.order, by)
    order = locks.order_or_none(payment.order_id)
    db.session.refresh(payment, with_for_update=True)
    db.session.refresh(part)
    if part.state not in ("told", "borne") or payment.state != "applied" or order is None or not order.is_paid:
        raise DomainError("This sale cannot be taken back any more.")
    refunds.check_undisputed(payment)
    refunds.end(order, enrolments.enrolment(order.buyer_id, order.course_id))
    refunds.send_back(payment)
    log.record("sale taken back", f"order {order.id}", by, payment=payment.id, amount=payment.amount)


def _is_told(refund: Refund, reference: str, succeeded: bool) -> bool:
    """Whether it is this one, or one made by hand in the place of this, which failed."""
    return refund.reference in (None, reference) or (succeeded and refund.state == "failed")


def _hear_of_one_by_hand(payment: Payment, refund: Refund | None, reference: str, amount: int, succeeded: bool) -> None:
    facts: Facts = dict(payment=payment.id, order=payment.order_id, about=payment.state, paid=payment.amount)
    facts |= dict(amount=amount, currency=payment.currency)
    if not succeeded:
        facts |= dict(what="failed")
        known = refunds_by_hand.of(payment, reference)
        if known:
            refunds_by_hand.fail(known)
    elif payment.currency == EUR and amount < payment.amount:
        kept = refunds_by_hand.keep(payment, reference, amount)
        facts |= dict(what="part", by_hand=kept.id, is_followed=_is_whole_by_now(payment, refund))
    else:
        facts |= dict(what="whole", is_followed=refund is None and amount == payment.amount and _follow(payment, reference))
    audit.add_to_incident(NOT_OURS, f"{payment.gateway}:{reference}", **facts, **_whose(payment.order))
    db.session.flush()


def _is_whole_by_now(payment: Payment, refund: Refund | None) -> bool:
    """Whether, with the last part, all has gone by hand, and what that means is done: in the place of a refund of ours that failed, or of none."""
    if refund is None:
        return refunds_by_hand.gone(payment.id) == payment.amount and _follow(payment)
    if refund.state != "failed" or refunds_by_hand.gone(payment.id) < refund.amount:
        return False
    refunds_by_hand.settle(payment)
    refund.state, refund.done_at = "done", clock.now()
    return True


def _whose(order: Order | None) -> Facts:
    return dict(course=order.course.title, buyer=order.buyer.name, address=order.buyer.email) if order else {}


def _follow(payment: Payment, reference: str | None = None) -> bool:
    """Somebody has sent the whole payment back by the gateway's own pages: what it brought goes back, too, since its money is gone. False where nothing is left to take back.

    `reference` of the one refund that it was; where it went in parts they are kept."""
    if payment.state == "applied" and payment.order and payment.order.is_paid:
        refunds.end(locks.order(payment.order.id), enrolments.enrolment(payment.order.buyer_id, payment.order.course_id))
    elif payment.state == "held" and payment.currency == EUR:
        refunds.post_returned(payment)
    else:
        return False
    payment.state, now = "returned", clock.now()
    refunds_by_hand.settle(payment)
    if reference:
        db.session.add(Refund(payment_id=payment.id, amount=payment.amount, state="done", reference=reference, asked_at=now, done_at=now))
    return True


def has_failed(payment_id: int) -> bool:
    """Whether the payment was to go back and did not."""
    return db.session.scalar(select(Refund.id).where(Refund.payment_id == payment_id, Refund.state == "failed")) is not None
