"""Withdrawals found."""

from sqlalchemy import select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.models import Holder
from lms.domain.onchain.models import Entry
from lms.domain.withdrawals.models import Withdrawal


def approved():
    """Ids of all whose release may be queued, oldest first: not those of the suspended, nor of a member with something on its way, who would keep others waiting."""
    rows = select(Withdrawal.id).join(User, Withdrawal.user_id == User.id).join(Holder, Holder.user_id == User.id)
    under_way = select(Entry.id).where(Entry.holder_id == Holder.id, Entry.is_open).exists()
    return db.session.scalars(rows.where(Withdrawal.state == "approved", User.suspended_at.is_(None), ~under_way).order_by(Withdrawal.id)).all()


def is_of_suspended(operation):
    """Whether the release is a member's who was suspended after it was queued."""
    rows = select(User.id).join(Withdrawal, Withdrawal.user_id == User.id).where(Withdrawal.operation_id == operation.id, User.suspended_at.is_not(None))
    return db.session.scalar(rows) is not None


def withdrawal(withdrawal_id):
    return db.session.get(Withdrawal, withdrawal_id)
