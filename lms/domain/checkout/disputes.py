"""What the buyers' banks ask back, as the gateway tells it. A lost dispute reverses the sale."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Dispute, Payment


def hear(gateway, event, order):
    """Keep what the event says of a dispute, each step once and whatever comes first; admins see each."""
    dispute = _dispute(gateway, event)
    if dispute.state != "open":
        return
    if event.kind == "dispute.opened":
        audit.open_incident("dispute", f"{gateway}:{dispute.reference}", **_facts(dispute, order))
        return
    dispute.state, dispute.closed_at = event.kind.partition(".")[2], clock.now()
    dispute.fee = event.fee or dispute.fee
    if dispute.state == "lost":
        audit.open_incident("dispute lost", f"{gateway}:{dispute.reference}", **_facts(dispute, order))
        if order and order.paid_at:
            refunds.charge_back(order, dispute)
    db.session.flush()


def _dispute(gateway, event):
    """Its row, locked; a new one for the first event, which need not be the first step."""
    payment_id = db.session.scalar(select(Payment.id).where(Payment.gateway == gateway, Payment.reference == event.reference))
    row = dict(gateway=gateway, reference=event.dispute, payment_id=payment_id, amount=event.amount, fee=event.fee or 0, reason=event.reason or "")
    new = insert(Dispute).values(**row, state="open", opened_at=clock.now())
    db.session.execute(new.on_conflict_do_nothing(index_elements=["gateway", "reference"]))
    rows = select(Dispute).where(Dispute.gateway == gateway, Dispute.reference == event.dispute)
    return db.session.scalars(rows.with_for_update()).one()


def _facts(dispute, order):
    known = dict(order=order.id, course=order.course.title, buyer=order.buyer.name, address=order.buyer.email) if order else {}
    return dict(dispute=dispute.id, amount=dispute.amount, why=dispute.reason, **known)
