"""Who must look at a withdrawal before it goes: each rule one word in `flags`. Judged by the rulebook of the day it was asked for."""

from datetime import timedelta

from sqlalchemy import func, select

from lms.db import db
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals.models import UNDONE, Withdrawal


def flags(withdrawal):
    """Why an admin must look at it, as words of `reasons` in templates/withdrawals/words.html; [] where nobody must. What else is a risk is added here."""
    found = []
    if withdrawal.user.is_teacher:
        found.append("teacher")
    if recent(withdrawal) > _rules(withdrawal).review_above:
        found.append("amount")
    return found


def approvals_needed(withdrawal):
    """How many different admins must approve it."""
    return 2 if recent(withdrawal) > _rules(withdrawal).two_admins_above else 1


def recent(withdrawal):
    """Millionths of TEO of the member's withdrawals in the days up to this one, it included, but what was undone."""
    since = withdrawal.requested_at - timedelta(days=_rules(withdrawal).review_days)
    rows = select(func.sum(Withdrawal.amount)).where(Withdrawal.user_id == withdrawal.user_id, Withdrawal.id <= withdrawal.id)
    return int(db.session.scalar(rows.where(Withdrawal.requested_at > since, Withdrawal.state.not_in(UNDONE))) or 0)


def _rules(withdrawal):
    return rulebook.in_force(withdrawal.requested_at)
