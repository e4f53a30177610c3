"""The gateway's books beside ours: all that one has otherwise than the other of a payment is one incident, told again only when there is more."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import literal, select, union_all

from lms.db import Facts, among, db
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as known
from lms.domain.checkout.facts import Taken
from lms.domain.checkout.payment_models import Dispute, Payment, Refund, RefundByHand

KIND = "payments differ"


def compare(gateway: str, taken: Iterable[Taken], since: datetime, until: datetime) -> int:
    """Open an incident for each payment in [since, until) of which `taken` (gateways.payments.Taken) and our rows say different things. Answers how many differ."""
    theirs = {each.reference: each for each in taken}
    ours = _ours(gateway, theirs, since, until)
    refunds, disputes = _refunds(ours), _disputes(ours)
    found = {reference: list(_differences(ours.get(reference), each, refunds, disputes)) for reference, each in theirs.items()}
    found |= {reference: ["the gateway does not know it"] for reference in ours.keys() - theirs.keys() if since <= ours[reference].received_at < until}
    differing = {f"{gateway}:{reference}": _details(why, ours.get(reference), theirs.get(reference)) for reference, why in found.items() if why}
    told = known.details(KIND, differing)
    for subject, details in differing.items():
        if not any(_is_told_by(before, details) for before in told[subject]):
            audit.add_to_incident(KIND, subject, **details)
    return len(differing)


def _ours(gateway: str, theirs: Iterable[str], since: datetime, until: datetime) -> dict[str, Payment]:
    """{reference: Payment} of those the gateway lists and those that came in this time; a payment at the edge may be told in the next."""
    in_time = Payment.received_at.between(since, until)
    rows = select(Payment).where(Payment.gateway == gateway, among(Payment.reference, theirs) | in_time)
    return {payment.reference: payment for payment in db.session.scalars(rows)}


def _differences(
    payment: Payment | None, taken: Taken, refunds: Mapping[int, tuple[int, int]], disputes: Mapping[int | None, str]
) -> Iterator[str]:
    """Words of difference_word in templates/admin/money.html, each that is so."""
    if payment is None:
        yield "we do not know it"
        return
    if payment.amount != taken.amount:
        yield "another amount"
    if payment.currency != taken.currency:
        yield "another currency"
    if payment.order_id and payment.order_id != taken.order_id:
        yield "another order"
    asked, done = refunds[payment.id]
    if taken.refunded > asked:
        yield "refunded without our asking"
    elif taken.refunded < done:
        yield "our refund did not happen"
    state = disputes.get(payment.id)
    if taken.disputed and state is None:
        yield "a dispute we were not told of"
    elif state == "lost" and not taken.disputed:
        yield "a dispute the gateway does not know"


def _refunds(ours: Mapping[str, Payment]) -> defaultdict[int, tuple[int, int]]:
    """{payment id: (cents we asked back or were told of, cents of them we hold for done)}: the gateway counts a refund before the bank has it."""
    ids = [payment.id for payment in ours.values()]
    rows = select(Refund.payment_id, Refund.amount, Refund.state).where(among(Refund.payment_id, ids))
    by_hand = select(RefundByHand.payment_id, RefundByHand.amount, literal("done")).where(among(RefundByHand.payment_id, ids), RefundByHand.state != "failed")
    found: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for payment_id, amount, state in db.session.execute(union_all(rows, by_hand)):
        asked, done = found[payment_id]
        found[payment_id] = (asked + amount, done + amount if state == "done" else done)
    return found


def _disputes(ours: Mapping[str, Payment]) -> dict[int | None, str]:
    """{payment id: state of its dispute, "lost" of several}"""
    ids = [payment.id for payment in ours.values()]
    rows = select(Dispute.payment_id, Dispute.state).where(among(Dispute.payment_id, ids)).order_by(Dispute.state == "lost")
    return dict(db.session.execute(rows).all())


def _is_told_by(before: Facts, details: Facts) -> bool:
    """Whether an incident said all of it, of as much money gone back."""
    return set(details["differences"]) <= set(before.get("differences", ())) and details.get("refunded") == before.get("refunded")


def _details(differences: list[str], payment: Payment | None, taken: Taken | None) -> Facts:
    details: Facts = dict(differences=differences)
    if payment:
        details |= dict(payment=payment.id, order=payment.order_id, ours=payment.amount, our_currency=payment.currency)
    if taken:
        details |= dict(theirs=taken.amount, currency=taken.currency, refunded=taken.refunded, disputed=taken.disputed, their_order=taken.order_id)
    return details
