"""An order as its buyer follows it: payment → enrolled → reward credited → on chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.checkout.actions import ORDER_LIFE
from lms.domain.checkout.models import Order
from lms.domain.checkout.paper_models import Invoice
from lms.domain.checkout.payment_models import Payment
from lms.domain.checkout.terms import still_looked_at
from lms.domain.courses.models import Course, Lesson, Section
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Entry, Operation
from lms.domain.rewards.models import Grant
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules

PAYING, ENROLLED, CREDITED, ON_CHAIN, DONE = range(5)


@dataclass(frozen=True)
class Reward:
    """The purchase reward in millionths of TEO; `later` of it waits for another day's cap."""

    amount: int
    later: int
    matures_at: datetime
    operation_id: int | None
    operation_state: str | None
    block_number: int | None

    @property
    def credited(self) -> int:
        return self.amount - self.later

    @property
    def is_on_chain(self) -> bool:
        return self.operation_state in ("mined", "final")


@dataclass(frozen=True)
class Receipt:
    order: Order
    reward: Reward | None
    held: Payment | None
    is_looked_at: bool
    first_lesson: str | None
    papers: Mapping[str, str]  # {kind: its number}
    rules: Rules  # by which it was ordered

    @property
    def payable_until(self) -> datetime:
        """Until when an order that is not paid waits for its money."""
        return self.order.placed_at + ORDER_LIFE

    @property
    def step(self) -> int:
        """The step that is going on now: one of PAYING … DONE."""
        if not self.order.paid_at:
            return PAYING
        if self.reward is None or self.order.ended_at:
            return DONE
        if not self.reward.credited:
            return CREDITED
        return DONE if self.reward.is_on_chain else ON_CHAIN


def receipt(buyer: User, order_id: int) -> Receipt | None:
    """The Receipt of the buyer's own order, or None: somebody else's does not exist for him."""
    papers = select(func.json_object_agg(Invoice.kind, Invoice.number)).where(Invoice.order_id == Order.id).scalar_subquery()
    rows = select(Order, RulebookVersion, papers).join(RulebookVersion, RulebookVersion.number == Order.rule_version)
    rows = rows.where(Order.id == order_id, Order.buyer_id == buyer.id).options(joinedload(Order.course).joinedload(Course.teacher), joinedload(Order.coupon)).execution_options(populate_existing=True)
    found = db.session.execute(rows).first()
    if found is None:
        return None
    order, version, numbers = found
    held, is_looked_at = _held(order)
    return Receipt(order, _reward(order), held, is_looked_at, _first_lesson(order), numbers or {}, Rules(**version.rules))


def _reward(order: Order) -> Reward | None:
    if not order.paid_at:
        return None
    rows = (
        select(Grant, Operation)
        .outerjoin(Transfer, Transfer.id == Grant.transfer_id)
        .outerjoin(Entry, Entry.id == Transfer.target_entry_id)
        .outerjoin(Operation, Operation.id == Entry.operation_id)
        .where(Grant.user_id == order.buyer_id, Grant.course_id == order.course_id, Grant.kind == "purchase", Grant.taken_back_at.is_(None))
        .order_by(Grant.id)
    )
    found = db.session.execute(rows).all()
    if not found:
        return None
    first, operation = next(((grant, operation) for grant, operation in found if not grant.is_deferred), found[0])
    return Reward(
        amount=sum(grant.amount for grant, _ in found),
        later=sum(grant.amount for grant, _ in found if grant.is_deferred),
        matures_at=first.matures_at,
        operation_id=operation.id if operation else None,
        operation_state=operation.state if operation else None,
        block_number=operation.block_number if operation else None,
    )


def _held(order: Order) -> tuple[Payment | None, bool]:
    """(a payment that came for the order and could not pay it, whether an admin still looks at it): one that is looked at first, then the last.

    One sent back counts as long as nothing has paid the order: it was not closed without a payment."""
    waits, states = still_looked_at(), ("held",) if order.paid_at else ("held", "returned")
    rows = select(Payment, waits).where(Payment.order_id == order.id, Payment.state.in_(states)).order_by(waits.desc(), Payment.id.desc()).limit(1)
    return db.session.execute(rows).first() or (None, False)


def _first_lesson(order: Order) -> str | None:
    rows = select(Lesson.slug).join(Lesson.section).where(Lesson.course_id == order.course_id)
    return db.session.scalar(rows.order_by(Section.position, Lesson.position).limit(1))
