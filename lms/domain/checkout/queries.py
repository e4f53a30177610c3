"""Orders found."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import PAGE, Page, db, nearest_page, page_of
from lms.domain.checkout.actions import ORDER_LIFE
from lms.domain.checkout.models import Order, Payment
from lms.domain.checkout.terms import still_looked_at
from lms.domain.ledger.models import Transfer
from lms.domain.rewards.models import Lot


def orders_of(buyer_id, number=1):
    """One page of the member's orders, newest first."""
    return page_of(select(Order).where(Order.buyer_id == buyer_id).options(joinedload(Order.course)).order_by(Order.id.desc()), number)


def looked_at(orders):
    """The ids of those orders for which money came that does not fit, while they are not paid and no admin is done with it."""
    unpaid = [order.id for order in orders if not order.is_paid]
    rows = select(Payment.order_id).where(Payment.order_id.in_(unpaid), Payment.state == "held", still_looked_at())
    return set(db.session.scalars(rows)) if unpaid else set()


@dataclass(frozen=True)
class Sale:
    """A paid order as its teacher sees it: when his share becomes available, and whether it has."""

    order: Order
    matures_at: datetime | None
    is_matured: bool


def sales_of(teacher_id, number=1):
    """One page of the teacher's Sales with courses, newest first; two statements."""
    rows = select(Order.id).where(Order.teacher_id == teacher_id, Order.state == "paid")
    total = db.session.scalar(select(func.count()).select_from(rows.subquery()))
    number = nearest_page(number, total)
    chosen = rows.order_by(Order.paid_at.desc(), Order.id.desc()).limit(PAGE).offset((number - 1) * PAGE).subquery()
    shown = (
        select(Order, Lot.matures_at, Lot.matured_id.is_not(None))
        .join(chosen, Order.id == chosen.c.id)
        .outerjoin(Transfer, Transfer.key == func.concat("order:", Order.id, ":share"))
        .outerjoin(Lot, and_(Lot.transfer_id == Transfer.id, Lot.amount > 0))
        .options(joinedload(Order.course))
        .order_by(Order.paid_at.desc(), Order.id.desc())
    )
    return Page([Sale(*row) for row in db.session.execute(shown)], number, total)


def sold_since(teacher_id, moment):
    """The teacher's share of what was sold since then, in cents."""
    rows = select(func.sum(Order.share)).where(Order.teacher_id == teacher_id, Order.state == "paid", Order.paid_at >= moment)
    return int(db.session.scalar(rows) or 0)


def expiring(limit=500):
    """Ids of open orders whose day is over."""
    rows = select(Order.id).where(Order.state == "open", Order.placed_at <= clock.now() - ORDER_LIFE).limit(limit)
    return db.session.scalars(rows).all()


def paid_count():
    return db.session.scalar(select(func.count()).where(Order.state == "paid"))


def rewarded_by(operation_ids):
    """(buyer id, order id) of the orders whose purchase reward one of these operations brings to the chain."""
    return db.session.execute(
        text("""SELECT DISTINCT o.buyer_id, o.id FROM entries e
                JOIN transfers t ON t.target_entry_id = e.id AND t.reason = 'purchase'
                JOIN orders o ON o.id = (t.evidence->>'order')::int
                WHERE e.operation_id = ANY(:operations)"""),
        {"operations": list(operation_ids)},
    ).all()
