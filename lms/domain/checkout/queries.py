"""Orders found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.audit.models import Incident
from lms.domain.checkout.actions import ORDER_LIFE
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment, Refund
from lms.domain.checkout.refund_outbox import MOST_TRIES
from lms.domain.checkout.terms import PAYMENT_HELD, still_looked_at

LONGEST_PAGE = timedelta(days=1)  # of any gateway


def orders_of(buyer_id: int, number: int = 1) -> Page[Order]:
    """One page of the member's orders, newest first."""
    return page_of(select(Order).where(Order.buyer_id == buyer_id).options(joinedload(Order.course), joinedload(Order.coupon)).order_by(Order.id.desc()), number)


def looked_at(orders: Iterable[Order]) -> set[int]:
    """The ids of those orders for which money came that does not fit, while they are not paid and no admin is done with it."""
    unpaid = [order.id for order in orders if not order.is_paid]
    rows = select(Payment.order_id).where(Payment.order_id.in_(unpaid), Payment.state == "held", still_looked_at())
    return set(db.session.scalars(rows)) if unpaid else set()


def bought(orders: Iterable[Order]) -> set[int]:
    """The ids of the courses of these orders that their buyers have by another one."""
    lost = {(order.buyer_id, order.course_id) for order in orders if order.state in ("failed", "expired")}
    rows = select(Order.course_id).where(tuple_(Order.buyer_id, Order.course_id).in_(lost), Order.state == "paid")
    return set(db.session.scalars(rows)) if lost else set()


@dataclass(frozen=True)
class Sale:
    """An order that was paid as its teacher sees it, and whether what it brought is his for good."""

    order: Order
    is_matured: bool


def sales_of(teacher_id: int, number: int = 1) -> Page[Sale]:
    """One page of the teacher's Sales with courses, newest first, those taken back too; two statements."""
    rows = select(Order).where(Order.teacher_id == teacher_id, Order.paid_at.is_not(None)).options(joinedload(Order.course), joinedload(Order.coupon))
    page = page_of(rows.order_by(Order.paid_at.desc(), Order.id.desc()), number)
    now = clock.now()
    return Page([Sale(order, order.is_paid and order.matures_at is not None and order.matures_at <= now) for order in page.items], page.number, page.total)


def order(order_id: int) -> Order | None:
    return db.session.get(Order, order_id)


def sale(teacher_id: int, order_id: int) -> Order | None:
    """The teacher's own sale, or None."""
    return db.session.scalar(select(Order).where(Order.id == order_id, Order.teacher_id == teacher_id, Order.paid_at.is_not(None)))


def decisions_of(teacher_id: int, number: int = 1) -> Page[Order]:
    """One page of the teacher's sales with TEO about which he may still say something: those that wait for him first."""
    rows = select(Order).where(Order.teacher_id == teacher_id, Order.state == "paid", Order.decide_by > clock.now())
    return page_of(rows.options(joinedload(Order.course)).order_by(Order.decided_at.is_not(None), Order.decide_by, Order.id), number)


def sold_since(teacher_id: int, moment: datetime) -> int:
    """What the teacher got of what was sold since then, in cents."""
    rows = select(func.sum(Order.net)).where(Order.teacher_id == teacher_id, Order.state == "paid", Order.paid_at >= moment)
    return int(db.session.scalar(rows) or 0)


def expiring(limit: int = 500) -> Sequence[int]:
    """Ids of open orders whose day is over."""
    rows = select(Order.id).where(Order.state == "open", Order.placed_at <= clock.now() - ORDER_LIFE).limit(limit)
    return db.session.scalars(rows).all()


def needless(paid: Order) -> Sequence[int]:
    """Ids of its buyer's other orders of the course, closed without a payment, whose payment pages may still be open."""
    rows = select(Order.id).where(Order.buyer_id == paid.buyer_id, Order.course_id == paid.course_id, Order.state == "expired")
    return db.session.scalars(rows.where(Order.placed_at > clock.now() - LONGEST_PAGE)).all()


def undecided(limit: int = 500) -> Sequence[int]:
    """Ids of paid orders about whose TEO the teacher has said nothing in time."""
    rows = select(Order.id).where(Order.state == "paid", Order.decided_at.is_(None), Order.decide_by <= clock.now())
    return db.session.scalars(rows.order_by(Order.decide_by).limit(limit)).all()


def declined(limit: int = 500) -> Sequence[int]:
    """Ids of orders for good whose TEO the teacher declined and the treasury has not got yet."""
    waits = (Order.state == "paid", Order.discount > 0, ~Order.is_accepted, Order.kept_at.is_(None))
    return db.session.scalars(select(Order.id).where(*waits, Order.decided_at.is_not(None), Order.matures_at <= clock.now()).limit(limit)).all()


def waiting_refunds(limit: int = 200) -> Sequence[int]:
    """Ids of refunds the gateway should have been asked for by now: each try waits twice as long as the one before."""
    due = Refund.asked_at + text("interval '20 seconds' * (power(2, refunds.tries) - 1)") <= clock.now()
    rows = select(Refund.id).where(Refund.state == "waiting", Refund.tries < MOST_TRIES, due)
    return db.session.scalars(rows.order_by(Refund.asked_at).limit(limit)).all()


def hopeless_refunds(limit: int = 200) -> Sequence[int]:
    """Ids of refunds that were tried as often as they may be."""
    return db.session.scalars(select(Refund.id).where(Refund.state == "waiting", Refund.tries >= MOST_TRIES).limit(limit)).all()


def buyer_of(refund_id: int) -> Order | None:
    """The order whose payment a refund sends back, or None."""
    rows = select(Order).join(Payment, Payment.order_id == Order.id).join(Refund, Refund.payment_id == Payment.id)
    return db.session.scalar(rows.where(Refund.id == refund_id))


def payment_of(incident: Incident) -> Payment | None:
    """The Payment an incident of held money is about, or None."""
    number = incident.details.get("payment") if incident.kind == PAYMENT_HELD else None
    return db.session.get(Payment, number) if number else None


def open_disputes() -> int:
    """How many payments a bank asks back, and nobody has decided yet."""
    return db.session.scalars(select(func.count()).where(Dispute.state == "open")).one()


def paid_count() -> int:
    return db.session.scalars(select(func.count()).where(Order.state == "paid")).one()


def rewarded_by(operation_ids: Iterable[int]) -> Sequence[Row[int, int]]:
    """(buyer id, order id) of the orders whose purchase reward one of these operations brings to the chain."""
    return db.session.execute(
        text("""SELECT DISTINCT o.buyer_id, o.id FROM entries e
                JOIN transfers t ON t.target_entry_id = e.id AND t.reason = 'purchase'
                JOIN orders o ON o.id = (t.evidence->>'order')::int
                WHERE e.operation_id = ANY(:operations)"""),
        {"operations": list(operation_ids)},
    ).all()
