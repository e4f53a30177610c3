"""Withdrawals looked at for signs of fraud: as they are asked for, while they wait for an admin, and before they go out."""

from datetime import timedelta

from lms import clock
from lms.db import Facts, db
from lms.domain.desk import approvals, risk_flags, risk_signals
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import actions, review
from lms.domain.withdrawals.models import Withdrawal

FRESH = timedelta(hours=1)  # what was decided since then goes out as it is


def signs(withdrawal: Withdrawal) -> list[Facts]:
    """The flags that are raised now, by the rulebook of the day it was asked for."""
    return risk_flags.raised(risk_signals.of(withdrawal), rulebook.version(withdrawal.rule_version).weights)


def again(withdrawal: Withdrawal) -> bool:
    """Write down what came up since one in review was judged; a word given before counts no more. Whether there is anything."""
    has_news = _add(withdrawal)
    if has_news:
        approvals.overtake(withdrawal)
    return has_news


def lets_go(withdrawal: Withdrawal) -> bool:
    """Whether one that is approved may go out. Of which something came up since, which may be days ago, an admin looks at it first; an operator's needs no look."""
    db.session.refresh(withdrawal, with_for_update={"of": Withdrawal})
    is_fresh = withdrawal.decided_at is not None and withdrawal.decided_at > clock.now() - FRESH
    if withdrawal.state != "approved" or withdrawal.linked_wallet_id is None or is_fresh or not _add(withdrawal):
        return True
    approvals.overtake(withdrawal)
    actions.put_back(withdrawal)
    return False


def _add(withdrawal: Withdrawal) -> bool:
    return review.add(withdrawal, risk_flags.news(withdrawal.risks, signs(withdrawal)))
