"""The gateway's books beside ours: what one has and the other has not is an incident, once."""

from sqlalchemy import select

from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as known
from lms.domain.checkout.models import Dispute, Payment, Refund

KIND = "payments differ"


def compare(gateway, taken, since, until):
    """Open an incident for each payment in [since, until) of which `taken` (gateways.payments.Taken) and our rows say different things. Answers how many differ."""
    theirs = {each.reference: each for each in taken}
    ours = _ours(gateway, theirs, since, until)
    refunds, disputes = _refunds(ours), _disputes(ours)
    found = {reference: list(_differences(ours.get(reference), each, refunds, disputes)) for reference, each in theirs.items()}
    found |= {reference: ["the gateway does not know it"] for reference in ours.keys() - theirs.keys() if since <= ours[reference].received_at < until}
    for reference, why in found.items():
        subject = f"{gateway}:{reference}"
        if why and not known.is_known(KIND, subject):
            audit.open_incident(KIND, subject, why=", ".join(why), **_facts(ours.get(reference), theirs.get(reference)))
    return sum(bool(why) for why in found.values())


def _ours(gateway, theirs, since, until):
    """{reference: Payment} of those the gateway lists and those that came in this time; a payment at the edge may be told in the next."""
    in_time = Payment.received_at.between(since, until)
    rows = select(Payment).where(Payment.gateway == gateway, Payment.reference.in_(theirs) | in_time)
    return {payment.reference: payment for payment in db.session.scalars(rows)}


def _differences(payment, taken, refunds, disputes):
    if payment is None:
        yield "we do not know it"
        return
    if (payment.amount, payment.currency) != (taken.amount, taken.currency):
        yield "another amount"
    asked, done = refunds.get(payment.id, (0, 0))
    if taken.refunded > asked:
        yield "refunded without our asking"
    elif taken.refunded < done:
        yield "our refund did not happen"
    if taken.disputed and payment.id not in disputes:
        yield "a dispute we were not told of"


def _refunds(ours):
    """{payment id: (cents we asked back, cents of them we hold for done)}: the gateway counts a refund before the bank has it."""
    ids = [payment.id for payment in ours.values()]
    rows = select(Refund.payment_id, Refund.amount, Refund.state).where(Refund.payment_id.in_(ids))
    return {payment_id: (amount, amount if state == "done" else 0) for payment_id, amount, state in db.session.execute(rows)}


def _disputes(ours):
    ids = [payment.id for payment in ours.values()]
    return set(db.session.scalars(select(Dispute.payment_id).where(Dispute.payment_id.in_(ids))))


def _facts(payment, taken):
    facts = dict(payment=payment.id, ours=payment.amount, order=payment.order_id) if payment else {}
    return facts | (dict(theirs=taken.amount, currency=taken.currency, refunded=taken.refunded) if taken else {})
