"""Refunds on their way to the card: tried by jobs until the gateway takes them, and what it says became of them."""

from sqlalchemy import select, update

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.checkout import locks, refunds
from lms.domain.checkout.models import Refund
from lms.domain.learning import queries as enrolments
from lms.domain.ledger.models import EUR

MOST_TRIES = 12


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
    if refund is None or refund.amount != amount or not _is_told(refund, reference, succeeded):
        audit.open_incident("refund not ours", f"{payment.gateway}:{reference}", payment=payment.id, order=payment.order_id, amount=amount)
        return _follow(payment, reference) if succeeded and refund is None and amount == payment.amount else None
    has_failed = refund.state == "failed" and refund.reference == reference
    refund.reference = reference
    if not succeeded:
        mark_failed(refund, why)
    elif not has_failed:
        refund.state, refund.done_at = "done", refund.done_at or clock.now()
    db.session.flush()


def _is_told(refund, reference, succeeded):
    """Whether it is this one, or one made by hand in the place of this, which failed."""
    return refund.reference in (None, reference) or (succeeded and refund.state == "failed")


def _follow(payment, reference):
    """Somebody has sent the whole payment back by the gateway's own pages: what it brought goes back, too, since its money is gone."""
    db.session.refresh(payment, with_for_update=True)
    if payment.state == "applied":
        refunds.end(locks.order(payment.order_id), enrolments.enrolment(payment.order.buyer_id, payment.order.course_id))
    elif payment.state == "held" and payment.currency == EUR:
        refunds.post_returned(payment)
    else:
        return
    payment.state, now = "returned", clock.now()
    db.session.add(Refund(payment_id=payment.id, amount=payment.amount, state="done", reference=reference, asked_at=now, done_at=now))
    db.session.flush()


def has_failed(payment_id):
    """Whether the payment was to go back and did not."""
    return db.session.scalar(select(Refund.id).where(Refund.payment_id == payment_id, Refund.state == "failed")) is not None
