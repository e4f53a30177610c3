"""What a member has asked for in TEO and in euros, counted together: who splits a large sum over both is looked at all the same."""

from datetime import datetime

from sqlalchemy import func, select

from lms.db import db
from lms.domain.rulebook.amounts import MICRO_PER_CENT
from lms.domain.withdrawals import payout_models
from lms.domain.withdrawals.models import UNDONE, Withdrawal
from lms.domain.withdrawals.payout_models import Payout


def asked_for(user_id: int, since: datetime, last_withdrawal: Withdrawal | None = None) -> int:
    """Millionths of TEO the member has asked for after `since`, but what was undone; as a limit 1 EUR counts as 1 TEO. One statement.

    Up to a withdrawal where one is named, it included: those after it count what came before them. Payouts count whenever they were asked for, since
    one that is asked for at the same moment may not have seen the withdrawal."""
    tokens = select(func.sum(Withdrawal.amount)).where(Withdrawal.user_id == user_id, Withdrawal.requested_at > since, Withdrawal.state.not_in(UNDONE))
    euros = select(func.sum(Payout.amount)).where(Payout.user_id == user_id, Payout.requested_at > since, Payout.state.not_in(payout_models.UNDONE))
    if last_withdrawal is not None:
        tokens = tokens.where(Withdrawal.id <= last_withdrawal.id)
    withdrawn, paid_out = db.session.execute(select(tokens.scalar_subquery(), euros.scalar_subquery())).one()
    return int(withdrawn or 0) + int(paid_out or 0) * MICRO_PER_CENT
