"""What the buyers' banks ask back, as the gateway tells it. A lost dispute reverses the sale."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.checkout import outbox, papers, refunds
from lms.domain.checkout.books import Book
from lms.domain.checkout.models import Dispute, Payment
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.models import EUR


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
        _lose(dispute, order)
    db.session.flush()


def meet(payment, order):
    """The payment has come of which a dispute was told before: one that is lost by now takes it with it."""
    early = select(Dispute).where(Dispute.gateway == payment.gateway, Dispute.payment_reference == payment.reference, Dispute.payment_id.is_(None))
    for dispute in db.session.scalars(early.with_for_update()).all():
        dispute.payment = payment
        if dispute.state == "lost":
            audit.add_to_incident("dispute lost", f"{dispute.gateway}:{dispute.reference}", **_facts(dispute, order))
            _lose(dispute, order)
    db.session.flush()


def _lose(dispute, order):
    """Only the payment that paid the order takes the sale with it: another of the same order may have come twice, or with a wrong amount."""
    payment = dispute.payment
    if payment and not payment.why:  # it paid its order
        _charge_back(order, dispute)
    elif payment and payment.currency == EUR:
        _keep_loss(payment, dispute)


def _charge_back(order, dispute):
    """The buyer's bank took the money: the sale is reversed, what was spent of it is owed, and the platform bears the fee.

    Of a sale that was given back already the money is gone twice; of one of which the bank took a part, that part is the platform's loss."""
    is_reversed = order.is_paid and dispute.amount >= order.total
    book = refunds.take_back(order, enrolments.enrolment(order.buyer_id, order.course_id), "charge back") if is_reversed else Book(order)
    lost = _loss(order, dispute, is_reversed)
    book.post(f"dispute:{dispute.id}", book.euros("platform"), book.euros("cards"), lost, "charge back", dispute=dispute.id)
    book.post(f"dispute:{dispute.id}:fee", book.euros("platform"), book.euros("cards"), dispute.fee, "dispute fee", dispute=dispute.id)
    if is_reversed:
        order.state, order.ended_at = "charged back", clock.now()
        papers.credit_note(order)
        refunds.tell(order, "disputed")
    db.session.flush()


def _loss(order, dispute, is_reversed):
    """The cents that the bank took of what was the platform's. A refund that failed has left there what the bank took then."""
    if is_reversed:
        return dispute.amount - order.total
    return 0 if outbox.has_failed(dispute.payment_id) else dispute.amount


def _keep_loss(payment, dispute):
    """The bank took money that paid nothing: what is held of it is gone, and what was sent back before is the platform's loss, with the fee."""
    db.session.refresh(payment, with_for_update=True)
    cards, escrow, platform = (accounts.platform(EUR, name) for name in ("cards", "escrow", "platform"))
    is_held = payment.state == "held" and dispute.amount == payment.amount
    key, evidence = f"dispute:{dispute.id}", {"payment": payment.id, "dispute": dispute.id}
    ledger.lock(cards, escrow, platform)
    ledger.post(key, escrow if is_held else platform, cards, dispute.amount, "charge back", evidence=evidence)
    if dispute.fee:
        ledger.post(f"{key}:fee", platform, cards, dispute.fee, "dispute fee", evidence=evidence)
    if is_held:
        payment.state = "returned"
    db.session.flush()


def _dispute(gateway, event):
    """Its row, locked; a new one for the first event, which need not be the first step."""
    payment_id = db.session.scalar(select(Payment.id).where(Payment.gateway == gateway, Payment.reference == event.reference))
    about = dict(payment_reference=event.reference, payment_id=payment_id, amount=event.amount, fee=event.fee or 0, reason=event.reason or "")
    new = insert(Dispute).values(gateway=gateway, reference=event.dispute, **about, state="open", opened_at=clock.now())
    db.session.execute(new.on_conflict_do_nothing(index_elements=["gateway", "reference"]))
    rows = select(Dispute).where(Dispute.gateway == gateway, Dispute.reference == event.dispute)
    dispute = db.session.scalars(rows.with_for_update()).one()
    return dispute


def _facts(dispute, order):
    known = dict(order=order.id, course=order.course.title, buyer=order.buyer.name, address=order.buyer.email) if order else {}
    return dict(dispute=dispute.id, amount=dispute.amount, why=dispute.reason, **known)
