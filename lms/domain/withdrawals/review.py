"""Who must look at a withdrawal before it goes. Judged once, by the rulebook of the day it was asked for."""

from sqlalchemy import func, select

from lms.db import db
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals.models import UNDONE, Withdrawal


def judge(withdrawal):
    """Write down why an admin must look at it (`flags`, none where nobody must), how many must approve it, and the sum that says so."""
    rules = rulebook.version(withdrawal.rule_version)
    withdrawal.recent = _recent(withdrawal, rules)
    withdrawal.flags = rules.review_flags(withdrawal.recent, withdrawal.user.is_teacher)  # words of flag_word in templates/withdrawals/words.html
    withdrawal.approvals_needed = rules.admins_needed(withdrawal.recent, withdrawal.flags)


def _recent(withdrawal, rules):
    """Millionths of TEO of the member's recent withdrawals up to this one, it included, but what was undone."""
    rows = select(func.sum(Withdrawal.amount)).where(Withdrawal.user_id == withdrawal.user_id, Withdrawal.id <= withdrawal.id)
    since = rules.looks_back_to(withdrawal.requested_at)
    return int(db.session.scalar(rows.where(Withdrawal.requested_at > since, Withdrawal.state.not_in(UNDONE))))
