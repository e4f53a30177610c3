"""Parts of a payment that somebody sent back by the gateway's own pages: kept as told, and booked as an admin says. What is done about the sale: `refund_outbox`."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.checkout import locks, parties
from lms.domain.checkout.facts import there
from lms.domain.checkout.payment_models import Payment, RefundByHand
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR
from lms.errors import DomainError

_OPEN = RefundByHand.state.in_(("told", "borne"))


def keep(payment: Payment, reference: str, amount: int) -> RefundByHand:
    """Its RefundByHand, once however often it is told."""
    row = dict(payment_id=payment.id, reference=reference, amount=amount, state="told", told_at=clock.now())
    db.session.execute(insert(RefundByHand).values(row).on_conflict_do_nothing(index_elements=["payment_id", "reference"]))
    return there(of(payment, reference))


def of(payment: Payment, reference: str) -> RefundByHand | None:
    """The RefundByHand of this reference, or None."""
    return db.session.scalar(select(RefundByHand).where(RefundByHand.payment_id == payment.id, RefundByHand.reference == reference))


def row(row_id: int) -> RefundByHand | None:
    return db.session.get(RefundByHand, row_id)


def gone(payment_id: int | None) -> int:
    """Cents of the payment that went back by hand and stand for no refund of ours."""
    return int(db.session.scalar(select(func.sum(RefundByHand.amount)).where(RefundByHand.payment_id == payment_id, _OPEN)) or 0)


def bear(by_hand: RefundByHand, by: User) -> None:
    """An admin's word that a part was given for good will: the platform bears it, and the sale stays as it is."""
    payment = _lock(by_hand)
    parties.check(payment.order, by)
    if by_hand.state != "told" or payment.state != "applied" or payment.order is None or not payment.order.is_paid:
        raise DomainError("This refund cannot be booked as the platform's any more.")
    platform, cards = (accounts.platform(EUR, name) for name in ("platform", "cards"))
    evidence = {"payment": payment.id, "order": payment.order_id, "reference": by_hand.reference, "by": by.id}
    ledger.post(_key(by_hand), platform, cards, by_hand.amount, "refund by hand", evidence=evidence)
    by_hand.state = "borne"
    log.record("refund borne", f"payment {payment.id}", by, amount=by_hand.amount, reference=by_hand.reference)
    db.session.flush()


def settle(payment: Payment) -> int:
    """Everything goes back now: what went by hand is a part of it, and what the platform bore of that is its own again. Answers those cents."""
    rows = db.session.scalars(select(RefundByHand).where(RefundByHand.payment_id == payment.id, _OPEN).order_by(RefundByHand.id).with_for_update()).all()
    for by_hand in rows:
        _give_back(by_hand)
        by_hand.state = "settled"
    db.session.flush()
    return sum(by_hand.amount for by_hand in rows)


def fail(by_hand: RefundByHand) -> None:
    """The bank has sent it back to us: it was none."""
    _give_back(by_hand)
    by_hand.state = "failed"
    db.session.flush()


def _give_back(by_hand: RefundByHand) -> None:
    if by_hand.state == "borne":
        ledger.reverse(f"{_key(by_hand)}:back", there(accounts.transfer(_key(by_hand))), "refund by hand")


def _lock(by_hand: RefundByHand) -> Payment:
    """Its payment; the order first, as everybody does."""
    payment = db.session.get_one(Payment, by_hand.payment_id)
    locks.order_or_none(payment.order_id)
    db.session.refresh(payment, with_for_update=True)
    db.session.refresh(by_hand, with_for_update=True)
    return payment


def _key(by_hand: RefundByHand) -> str:
    return f"refund by hand:{by_hand.id}"
