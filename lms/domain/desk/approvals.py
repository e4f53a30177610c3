"""What an admin said of what still waits, when his account is taken from him."""

from sqlalchemy import delete, select

from lms.db import db
from lms.domain.audit import log
from lms.domain.withdrawals.models import Approval, Withdrawal
from lms.domain.withdrawals.payout_models import Payout, PayoutDecision


def void(admin, by):
    """Delete the approvals of who may not decide any more: they count no more, and it may have been a thief who gave them. So they must not count again
    once he has his account back. Of what has gone out nothing changes; the audit log keeps that they were given."""
    if admin.may_decide:
        return
    waiting, open_payouts = select(Withdrawal.id).where(Withdrawal.state == "in review"), select(Payout.id).where(Payout.state.in_(("in review", "approved")))
    of_withdrawals = delete(Approval).where(Approval.admin_id == admin.id, Approval.withdrawal_id.in_(waiting)).returning(Approval.withdrawal_id)
    of_payouts = delete(PayoutDecision).where(PayoutDecision.by_id == admin.id, PayoutDecision.verdict == "approved", PayoutDecision.payout_id.in_(open_payouts))
    voided = dict(withdrawals=_deleted(of_withdrawals), payouts=_deleted(of_payouts.returning(PayoutDecision.payout_id)))
    if any(voided.values()):
        log.record("approvals voided", f"member {admin.id}", by, **voided)


def _deleted(rows):
    return sorted(db.session.scalars(rows))
