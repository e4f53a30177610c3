"""Who must look at a withdrawal before it goes. Judged once, by the rulebook of the day it was asked for."""

from collections.abc import Sequence

from lms import clock
from lms.db import Facts
from lms.domain.accounts.models import User
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import combined_amounts
from lms.domain.withdrawals.models import Withdrawal


def judge(withdrawal: Withdrawal, risks: Sequence[Facts] = ()) -> None:
    """Write down why an admin must look at it (`flags` and `risks`, none where nobody must), how many must approve it, and the sum that says so."""
    withdrawal.risks, withdrawal.risk = list(risks), sum(risk["weight"] for risk in risks)
    for name, value in weighed(withdrawal, risks).items():
        setattr(withdrawal, name, value)


def add(withdrawal: Withdrawal, news: Sequence[Facts]) -> bool:
    """Write down what came up since it was judged: each of these risks in the place of what it bears of the same name, and how many must approve it for
    them. Whether there is any."""
    if news:
        names = {risk["name"] for risk in news}
        withdrawal.risks = sorted([*(risk for risk in withdrawal.risks if risk["name"] not in names), *news], key=lambda risk: -risk["weight"])
        withdrawal.risk = sum(risk["weight"] for risk in withdrawal.risks)
        withdrawal.approvals_needed = rulebook.version(withdrawal.rule_version).admins_needed(withdrawal.recent, withdrawal.risks)
    return bool(news)


def weighed(withdrawal: Withdrawal, risks: Sequence[Facts] = ()) -> Facts:
    """What `judge` would write down now, by name. Its member may read it: of the risks only that somebody must look at it."""
    rules = rulebook.version(withdrawal.rule_version)
    recent = combined_amounts.asked_for(withdrawal.user_id, rules.looks_back_to(withdrawal.requested_at), last_withdrawal=withdrawal)
    flags = rules.review_flags(recent, withdrawal.user.is_teacher)  # words of flag_word in templates/withdrawals/words.html
    return dict(recent=recent, flags=flags, approvals_needed=rules.admins_needed(recent, flags or risks))


def judged(withdrawal: Withdrawal) -> Facts:
    """What `judge` wrote down, by name; nothing of one that nobody judged, as of an operator's."""
    return {name: getattr(withdrawal, name) for name in ("recent", "flags", "approvals_needed")} if withdrawal.recent else {}


def foreseen(user: User, amount: int) -> list[str]:
    """The flags that one of so many millionths of TEO would get if the member asked for it now."""
    rules = rulebook.in_force()
    return rules.review_flags(combined_amounts.asked_for(user.id, rules.looks_back_to(clock.now())) + amount, user.is_teacher)
