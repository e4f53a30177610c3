"""Withdrawals found."""

from sqlalchemy import select

from lms.db import db
from lms.domain.withdrawals.models import Withdrawal


def approved(limit=100):
    """Ids of those whose release is not queued yet, oldest first."""
    rows = select(Withdrawal.id).where(Withdrawal.state == "approved").order_by(Withdrawal.id).limit(limit)
    return db.session.scalars(rows).all()


def withdrawal(withdrawal_id):
    return db.session.get(Withdrawal, withdrawal_id)
