"""Money as it arrives: recorded once, compared with what its order asks, held when it pays nothing. What it does when it pays: actions.mark_paid."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import Facts, db
from lms.domain.audit import actions as audit
from lms.domain.checkout import coupons, orders
from lms.domain.checkout.facts import Event
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Payment
from lms.domain.checkout.terms import PAYMENT_HELD
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR
from lms.errors import Invalid


def told_of(gateway: str, event: Event) -> Payment | None:
    """The Payment an event is about, or None when it was not recorded."""
    return db.session.scalar(select(Payment).where(Payment.gateway == gateway, Payment.reference == event.reference))


def record(gateway: str, event: Event, order: Order | None) -> Payment | None:
    """A new payment, held until something says otherwise; None when it was recorded before, whatever order it then named."""
    row = dict(
        gateway=gateway,
        reference=event.reference,
        order_id=order.id if order else None,
        amount=event.amount,
        currency=event.currency,
        state="held",
        received_at=clock.now(),
    )
    new = insert(Payment).values(row).on_conflict_do_nothing(index_elements=["gateway", "reference"]).returning(Payment.id)
    payment_id = db.session.scalar(new)
    return db.session.get_one(Payment, payment_id) if payment_id else None


def why_not(event: Event, order: Order | None) -> str:
    """Why the payment cannot pay its order; empty when it can."""
    if order is None:
        return "no such order"
    if event.currency != order.currency:
        return "wrong currency"
    if event.amount != order.total:
        return "wrong amount"
    if order.paid_at:
        return "paid already"
    return "" if order.is_open else _why_not_any_more(order)


def hold(payment: Payment, why: str, order: Order | None) -> None:
    """Money that pays nothing is kept in escrow and an admin is told whose it is, so that it can be sent back."""
    payment.why = why
    facts = dict(payment=payment.id, amount=payment.amount, currency=payment.currency, why=why, **_asked(order))
    audit.open_incident(PAYMENT_HELD, f"{payment.gateway}:{payment.reference}", **facts)
    if payment.currency == EUR:
        cards, escrow = accounts.platform(EUR, "cards"), accounts.platform(EUR, "escrow")
        ledger.post(f"payment:{payment.id}:held", cards, escrow, payment.amount, "held", evidence={"payment": payment.id})


def _why_not_any_more(order: Order) -> str:
    """A late payment finds what the order had set aside given back: the coupon's use and the TEO are taken once more, when they are still there.

    A newer order for the same course can no longer be paid then: its money would be held. Where the late payment cannot pay, the newer one still waits."""
    try:
        with db.session.begin_nested():
            if order.coupon:
                coupons.claim(order.coupon.code, order.course, order.buyer)
            orders.lock(order)
            orders.close_others(order)  # one that this buyer's payment makes needless may hold the very TEO
            orders.set_aside(order)
    except ledger.Overdraft:
        return "discount gone"
    except Invalid:
        return "coupon gone"
    return ""


def _asked(order: Order | None) -> Facts:
    """Who was to pay what, as an admin is told."""
    if order is None:
        return {}
    return dict(order=order.id, asked=order.total, course=order.course.title, buyer=order.buyer.name, address=order.buyer.email)
