"""Withdrawals found."""

from sqlalchemy import select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.models import Holder
from lms.domain.wallet import custody
from lms.domain.withdrawals.models import Withdrawal


def approved():
    """Ids of all whose release can be queued by what stands here, oldest first: however many cannot, they keep nobody waiting."""
    rows = select(Withdrawal.id).join(User, Withdrawal.user_id == User.id).join(Holder, Holder.user_id == User.id)
    has_it_all = custody.can_release(Holder.id, Withdrawal.amount)
    return db.session.scalars(rows.where(Withdrawal.state == "approved", User.suspended_at.is_(None), *has_it_all).order_by(Withdrawal.id)).all()


def is_of_suspended(operation):
    """Whether the release is a member's who was suspended after it was queued."""
    rows = select(User.id).join(Withdrawal, Withdrawal.user_id == User.id).where(Withdrawal.operation_id == operation.id, User.suspended_at.is_not(None))
    return db.session.scalar(rows) is not None


def withdrawal(withdrawal_id):
    return db.session.get(Withdrawal, withdrawal_id)
