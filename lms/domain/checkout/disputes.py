"""What the buyers' banks ask back, as the gateway tells it. A lost dispute reverses the sale; its fee is the platform's, however it ends."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import Facts, db
from lms.domain.audit import actions as audit
from lms.domain.certificates import actions as certificates
from lms.domain.checkout import papers, refund_outbox, refunds, refunds_by_hand
from lms.domain.checkout.facts import Event
from lms.domain.checkout.models import Order
from lms.domain.checkout.order_accounts import Book
from lms.domain.checkout.payment_models import Dispute, Payment
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR


def hear(gateway: str, event: Event, order: Order | None) -> None:
    """Keep what the event says of a dispute, each step once and whatever comes first; admins see each."""
    dispute = _dispute(gateway, event)
    dispute.answer_by = event.answer_by or dispute.answer_by
    if event.kind == "dispute.opened":
        if dispute.state == "open":
            audit.open_incident("dispute", f"{gateway}:{dispute.reference}", **_facts(dispute, order))
    elif dispute.state == "open":
        _close(dispute, event, order)
    elif event.kind == "dispute.won" and dispute.state == "won":
        _lower_fee(dispute, event.fee or 0)
    db.session.flush()


def meet(payment: Payment, order: Order | None) -> None:
    """The payment has come of which a dispute was told before: one that is lost by now takes it with it."""
    early = select(Dispute).where(Dispute.gateway == payment.gateway, Dispute.payment_reference == payment.reference, Dispute.payment_id.is_(None))
    for dispute in db.session.scalars(early.with_for_update()).all():
        dispute.payment = payment
        if dispute.state == "lost":
            audit.add_to_incident("dispute lost", f"{dispute.gateway}:{dispute.reference}", **_facts(dispute, order))
        _book(dispute, order)
    db.session.flush()


def _close(dispute: Dispute, event: Event, order: Order | None) -> None:
    """Of one that was won the event says what is left of the fee; one that was lost keeps what was told before."""
    dispute.state, dispute.closed_at = event.kind.partition(".")[2], clock.now()
    dispute.fee = event.fee or (dispute.fee if dispute.state == "lost" else 0)
    if dispute.state == "lost":
        audit.open_incident("dispute lost", f"{dispute.gateway}:{dispute.reference}", **_facts(dispute, order))
    _book(dispute, order)


def _book(dispute: Dispute, order: Order | None) -> None:
    """Once it is closed and its payment known. Of other money than euros nothing is in our books."""
    if dispute.state == "open" or dispute.payment is None or dispute.payment.currency != EUR:
        return
    if dispute.state == "lost":
        _lose(dispute, dispute.payment, order)
    _post_fee(dispute, dispute.payment, "fee", dispute.fee)


def _post_fee(dispute: Dispute, payment: Payment, what: str, amount: int, is_back: bool = False) -> None:
    """The platform bears it: neither the teacher nor the buyer who was in the right."""
    if amount:
        platform, cards = (accounts.platform(EUR, name) for name in ("platform", "cards"))
        source, target = (cards, platform) if is_back else (platform, cards)
        evidence = {"dispute": dispute.id, "payment": payment.id, "order": payment.order_id}
        ledger.post(f"dispute:{dispute.id}:{what}", source, target, amount, "dispute fee", evidence=evidence)


def _lower_fee(dispute: Dispute, fee: int) -> None:
    """Gateways that give the fee back tell it in an event of its own. One that comes late and says more is an older one."""
    if fee < dispute.fee:
        if dispute.payment and dispute.payment.currency == EUR:
            _post_fee(dispute, dispute.payment, f"fee down to {fee}", dispute.fee - fee, is_back=True)
        dispute.fee = fee


def _lose(dispute: Dispute, payment: Payment, order: Order | None) -> None:
    """Only the payment that paid the order takes the sale with it: another of the same order may have come twice, or with a wrong amount."""
    if payment.why or order is None:
        _keep_loss(payment, dispute)
    else:
        _charge_back(order, payment, dispute)


def _charge_back(order: Order, payment: Payment, dispute: Dispute) -> None:
    """The buyer's bank took the money: the sale is reversed, what was spent of it is owed, and a certificate of the course is valid no more.

    Of a sale that was given back already the money is gone twice; of one of which the bank took a part, that part is the platform's loss.
    What went back by hand before is no such part: the bank takes what is left."""
    gone = refunds_by_hand.gone(payment.id)
    is_reversed = order.is_paid and dispute.amount + gone >= order.total
    book = refunds.take_back(order, enrolments.enrolment(order.buyer_id, order.course_id), "charge back") if is_reversed else Book(order)
    lost = dispute.amount + refunds_by_hand.settle(payment) - order.total if is_reversed else _loss(payment, dispute)
    book.post(f"dispute:{dispute.id}", book.euros("platform"), book.euros("cards"), lost, "charge back", dispute=dispute.id)
    if is_reversed:
        certificates.revoke(order.buyer_id, order.course_id)
        order.state, order.ended_at = "charged back", clock.now()
        papers.credit_note(order)
        refunds.tell(order, "disputed")
    db.session.flush()


def _loss(payment: Payment, dispute: Dispute) -> int:
    """The cents that the bank took of what was the platform's. A refund that failed has left there what the bank took then."""
    return 0 if refund_outbox.has_failed(payment.id) else dispute.amount


def _keep_loss(payment: Payment, dispute: Dispute) -> None:
    """The bank took money that paid nothing: what is held of it is gone, and what was sent back before is the platform's loss."""
    db.session.refresh(payment, with_for_update=True)
    cards, escrow, platform = (accounts.platform(EUR, name) for name in ("cards", "escrow", "platform"))
    is_held = payment.state == "held" and dispute.amount == payment.amount
    key, evidence = f"dispute:{dispute.id}", {"payment": payment.id, "dispute": dispute.id}
    ledger.lock(cards, escrow, platform)
    ledger.post(key, escrow if is_held else platform, cards, dispute.amount, "charge back", evidence=evidence)
    if is_held:
        payment.state = "returned"
    db.session.flush()


def _dispute(gateway: str, event: Event) -> Dispute:
    """Its row, locked; a new one for the first event, which need not be the first step."""
    payment_id = db.session.scalar(select(Payment.id).where(Payment.gateway == gateway, Payment.reference == event.reference))
    about = dict(payment_reference=event.reference, payment_id=payment_id, amount=event.amount, fee=event.fee or 0, reason=event.reason or "")
    new = insert(Dispute).values(gateway=gateway, reference=event.dispute, **about, state="open", opened_at=clock.now())
    db.session.execute(new.on_conflict_do_nothing(index_elements=["gateway", "reference"]))
    rows = select(Dispute).where(Dispute.gateway == gateway, Dispute.reference == event.dispute)
    return db.session.scalars(rows.with_for_update()).one()


def _facts(dispute: Dispute, order: Order | None) -> Facts:
    known = dict(order=order.id, course=order.course.title, buyer=order.buyer.name, address=order.buyer.email) if order else {}
    return dict(dispute=dispute.id, amount=dispute.amount, why=dispute.reason, **known)
