"""Withdrawals found."""

from sqlalchemy import select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.withdrawals.models import Withdrawal


def approved(limit=100):
    """Ids of those whose release is not queued yet, oldest first."""
    rows = select(Withdrawal.id).where(Withdrawal.state == "approved").order_by(Withdrawal.id).limit(limit)
    return db.session.scalars(rows).all()


def is_of_suspended(operation):
    """Whether the release is a member's who was suspended after it was queued."""
    rows = select(User.id).join(Withdrawal, Withdrawal.user_id == User.id).where(Withdrawal.operation_id == operation.id, User.suspended_at.is_not(None))
    return db.session.scalar(rows) is not None


def withdrawal(withdrawal_id):
    return db.session.get(Withdrawal, withdrawal_id)
