"""Who must look at a withdrawal before it goes. Judged once, by the rulebook of the day it was asked for."""

from datetime import timedelta

from sqlalchemy import func, select

from lms.db import db
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals.models import UNDONE, Withdrawal


def judge(withdrawal):
    """Write down why an admin must look at it (`flags`, none where nobody must), how many must approve it, and the sum that says so."""
    rules = rulebook.in_force(withdrawal.requested_at)
    withdrawal.recent = _recent(withdrawal, rules.review_days)
    withdrawal.flags = _flags(withdrawal, rules)
    if withdrawal.flags:
        withdrawal.approvals_needed = rules.admins_needed(withdrawal.recent)


def _flags(withdrawal, rules):
    """Words of flag_word in templates/withdrawals/words.html. What else is a risk is added here."""
    found = []
    if withdrawal.user.is_teacher:
        found.append("teacher")
    if withdrawal.recent > rules.review_above:
        found.append("amount")
    return found


def _recent(withdrawal, days):
    """Millionths of TEO of the member's withdrawals in so many days up to this one, it included, but what was undone."""
    rows = select(func.sum(Withdrawal.amount)).where(Withdrawal.user_id == withdrawal.user_id, Withdrawal.id <= withdrawal.id)
    since = withdrawal.requested_at - timedelta(days=days)
    return int(db.session.scalar(rows.where(Withdrawal.requested_at > since, Withdrawal.state.not_in(UNDONE))))
