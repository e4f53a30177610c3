"""What matures when, and what waits for another day."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from lms import clock
from lms.db import db
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Entry, Operation
from lms.domain.rewards.models import Grant, Lot


def brought_since(moment: datetime) -> int:
    """How many rewards settlements brought to the chain since then."""
    rows = select(func.count()).select_from(Operation).join(Entry, Entry.operation_id == Operation.id).join(Transfer, Transfer.target_entry_id == Entry.id)
    return db.session.scalars(rows.join(Grant, Grant.transfer_id == Transfer.id).where(Operation.kind == "settle", Operation.mined_at >= moment)).one()


def due_lots(limit: int = 500) -> Sequence[int]:
    """Transfer ids of the lots whose moment has come."""
    rows = select(Lot.transfer_id).where(Lot.matured_id.is_(None), Lot.amount > 0, Lot.matures_at <= clock.now()).order_by(Lot.matures_at).limit(limit)
    return db.session.scalars(rows).all()


def due_grants(limit: int = 500) -> Sequence[int]:
    """Ids of deferred grants whose day has come."""
    today = clock.now().astimezone(UTC).date()
    rows = select(Grant.id).where(Grant.transfer_id.is_(None), Grant.taken_back_at.is_(None), Grant.day <= today).order_by(Grant.day, Grant.id).limit(limit)
    return db.session.scalars(rows).all()


def maturing(user_id: int, asset: str = TEO, limit: int = 5) -> Sequence[Lot]:
    """The member's lots that mature next, with their transfers."""
    rows = (
        select(Lot)
        .join(Lot.transfer)
        .options(contains_eager(Lot.transfer))
        .where(Lot.user_id == user_id, Lot.matured_id.is_(None), Lot.amount > 0, Transfer.asset == asset)
        .order_by(Lot.matures_at)
        .limit(limit)
    )
    return db.session.scalars(rows).all()


def was_taken_back(user_id: int, course_id: int) -> bool:
    """Whether rewards of the course were the member's and went back with a refund: those he never gets a second time."""
    rows = select(Grant.id).where(Grant.user_id == user_id, Grant.payer_id == user_id, Grant.course_id == course_id, Grant.taken_back_at.is_not(None))
    return db.session.scalar(rows.limit(1)) is not None


def exists(key: str) -> bool:
    """Whether this reward was granted, or deferred, before."""
    return db.session.scalar(select(Grant.id).where(Grant.key == key)) is not None


def granted(payer_id: int, course_id: int, kinds: Collection[str]) -> int:
    """Millionths of TEO that grants of these kinds brought to anybody out of one member's purchase of the course, those a cap deferred or a refund took back too."""
    rows = select(func.coalesce(func.sum(Grant.amount), 0)).where(Grant.payer_id == payer_id, Grant.course_id == course_id, Grant.kind.in_(kinds))
    return int(db.session.scalars(rows).one())


def deferred(user_id: int) -> Sequence[Grant]:
    """The member's grants that wait for another day."""
    return db.session.scalars(select(Grant).where(Grant.user_id == user_id, Grant.transfer_id.is_(None), Grant.taken_back_at.is_(None)).order_by(Grant.day)).all()
