"""Whose a holder is, and what each member may see of an operation with entries of his."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import NotNullable, Nullable, Row, select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.models import Holder
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry, Operation
from lms.domain.wallet.models import Wallet


def without_address(limit: int = 100) -> Sequence[int]:
    """Ids of holders the job still has to make an address for."""
    rows = select(Holder.id).where(~select(Wallet.id).where(Wallet.holder_id == Holder.id).exists()).order_by(Holder.id).limit(limit)
    return db.session.scalars(rows).all()


def members_of(holder_ids: Collection[int]) -> Sequence[int]:
    """The members' ids behind these holders; the treasury is nobody's."""
    rows = select(NotNullable(Holder.user_id)).where(Holder.id.in_(holder_ids), Holder.user_id.is_not(None))
    return db.session.scalars(rows).all()


def members_in(operation_ids: Collection[int]) -> Sequence[Row[int, int]]:
    """(operation id, id of a member with an entry in it)"""
    rows = select(NotNullable(Entry.operation_id), NotNullable(Holder.user_id)).join(Holder, Entry.holder_id == Holder.id)
    return db.session.execute(rows.where(Entry.operation_id.in_(operation_ids), Holder.user_id.is_not(None))).all()


@dataclass(frozen=True)
class Sight:
    """An operation as one member may see it: his own entries, an admin all of them with their owners' names."""

    operation: Operation
    entries: Sequence[Row[Entry, str | None]]
    sees_all: bool
    history: list[onchain.Step]


def sight(user: User, operation_id: int) -> Sight | None:
    """The operation as this member sees it, or None when he has no part in it."""
    rows = (
        select(Entry, Nullable(User.name))
        .join(Holder, Entry.holder_id == Holder.id)
        .outerjoin(User, Holder.user_id == User.id)
        .where(Entry.operation_id == operation_id)
        .order_by(Entry.id)
    )
    entries = db.session.execute(rows if user.is_admin else rows.where(Holder.user_id == user.id)).all()
    operation = db.session.get(Operation, operation_id) if entries or user.is_admin else None
    return Sight(operation, entries, user.is_admin, onchain.history(operation) if user.is_admin else []) if operation else None
