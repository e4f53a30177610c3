"""What an admin said of what has not gone out yet, when his account is taken from him, or what he said it of is another case now."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Select, delete, select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.withdrawals.models import Approval, Withdrawal
from lms.domain.withdrawals.payout_models import Payout, PayoutDecision

Waiting = TypeVar("Waiting", Withdrawal, Payout)
_WAITING = ("in review", "approved")  # not queued, and in no bank file


def void(admin: User, by: User | None) -> None:
    """Delete the approvals of who may not decide any more, and put before an admin again what they let go and is still here: a thief may have given them.
    Deleted, they do not count again once he has his account back. The audit log keeps that they were given."""
    voided = dict(withdrawals=_void_withdrawals(admin), payouts=_void_payouts(admin))
    if any(voided.values()):
        log.record("approvals voided", f"member {admin.id}", by, **voided)


def overtake(withdrawal: Withdrawal) -> None:
    """Delete the approvals of one that bears a sign of fraud which was not known when they were given: who gave one weighs it anew.

    The log, which its member may read, does not say why."""
    if withdrawal.approvals:
        log.record("approvals overtaken", f"withdrawal {withdrawal.id}", admins=sorted(approval.admin_id for approval in withdrawal.approvals))
        db.session.execute(delete(Approval).where(Approval.withdrawal_id == withdrawal.id))
        db.session.expire(withdrawal, ["approvals"])


def _void_withdrawals(admin: User) -> list[int]:
    found = _locked(Withdrawal, select(Approval.withdrawal_id).where(Approval.admin_id == admin.id))
    for withdrawal in found:
        withdrawal.state, withdrawal.decided_at = "in review", None
    ids = [withdrawal.id for withdrawal in found]
    db.session.execute(delete(Approval).where(Approval.admin_id == admin.id, Approval.withdrawal_id.in_(ids)))
    return ids


def _void_payouts(admin: User) -> list[int]:
    given = (PayoutDecision.by_id == admin.id, PayoutDecision.verdict == "approved")
    found = _locked(Payout, select(PayoutDecision.payout_id).where(*given))
    for payout in found:
        payout.state = "in review"
    ids = [payout.id for payout in found]
    db.session.execute(delete(PayoutDecision).where(*given, PayoutDecision.payout_id.in_(ids)))
    return ids


def _locked(model: type[Waiting], ids: Select[int]) -> Sequence[Waiting]:
    """Those of the ids that wait, as they are now, in their order."""
    rows = select(model).where(model.id.in_(ids), model.state.in_(_WAITING)).order_by(model.id)
    return db.session.scalars(rows.with_for_update(of=model, key_share=True).execution_options(populate_existing=True)).all()
