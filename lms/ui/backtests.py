"""What a backtest says, in words and as tables: lms/domain/governance/backtest_outcomes.py says what its result holds."""

import itertools
from datetime import date
from typing import NamedTuple

from flask_babel import lazy_gettext as _

from lms.domain.governance.backtest_outcomes import BOUNDS, worth
from lms.domain.governance.replay import EUR_RULE, TEO_RULES
from lms.ui.money import euros, grouped, teo

TEO, EUR = "TEO", "EUR"
COSTS = {
    "purchase_max_bp": _("Purchases"),
    "lessons_bp": _("Lessons"),
    "completion_bp": _("Completions"),
    "review_reward": _("Peer reviews"),
    "accept_bonus_bp": _("Bonus of discounts"),
    EUR_RULE: _("Shares of teachers"),
}
CAPS = {
    "user_daily_cap": _("Rewards deferred by the daily limit of a member"),
    "platform_daily_cap": _("Rewards deferred by the daily limit of all members"),
    "reviews_per_day": _("Reviews above the number rewarded in a day"),
    "discount_levels_bp": _("Sales at a discount that is not offered"),
    "withdrawal_lowest": _("Withdrawals below the lowest"),
    "withdrawal_highest": _("Withdrawals above the highest"),
    "withdrawals_daily": _("Withdrawals above the daily limit of all members"),
    "review_above": _("Withdrawals that one admin looks at"),
    "two_admins_above": _("Withdrawals that two admins look at"),
}


class Line(NamedTuple):
    """Of the rules in force and of the draft; `unit` says what of."""

    label: str
    unit: str
    before: int
    draft: int

    @property
    def difference(self):
        return self.draft - self.before

    def said(self, amount, plus=False):
        return said(self.unit, amount, plus)


def said(unit, amount, plus=False):
    return euros(amount, plus) if unit == EUR else f"{teo(amount, plus)}\u00a0TEO"


def unit_of(rule):
    return EUR if rule == EUR_RULE else TEO


def costs(result):
    """{rule: its Line}, and under "" that of all TEO together."""
    lines = {rule: Line(str(label), unit_of(rule), *map(sum, result["cost"][rule])) for rule, label in COSTS.items()}
    together = [sum(getattr(lines[rule], side) for rule in TEO_RULES) for side in ("before", "draft")]
    return {"": Line(str(_("All in TEO")), TEO, *together)} | lines


def by_day(result, rule=""):
    """[(day, in force, draft)] of one rule, or of all TEO together."""
    rules = [rule] if rule else TEO_RULES
    sums = [[sum(amounts) for amounts in zip(*(result["cost"][each][side] for each in rules), strict=True)] for side in (0, 1)]
    return [(date.fromisoformat(day), before, draft) for day, before, draft in zip(result["days"], *sums, strict=True)]


def caps(result):
    """[(what was stopped, [count, TEO] in force, [count, TEO] by the draft)] of the limits that stopped something."""
    counted = [(label, *result["stopped"][cap]) for cap, label in CAPS.items()]
    return [(label, before, draft) for label, before, draft in counted if before[0] or draft[0]]


def sizes(result):
    """[(a difference in words, how many members have it, its colour)] from the greatest loss to the greatest gain; none of a result that did not count them."""
    counts = result["members"].get("sizes")
    return list(zip(_size_words(), counts, _COLOURS, strict=True)) if counts else []


def _size_words():
    steps = [grouped(bound) for bound in BOUNDS]
    pairs = [dict(least=least, most=most) for least, most in itertools.pairwise(steps)]
    losses = [_("loses less than %(most)s", most=steps[0]), *(_("loses %(least)s to %(most)s", **pair) for pair in pairs), _("loses %(least)s or more", least=steps[-1])]
    gains = [_("gains less than %(most)s", most=steps[0]), *(_("gains %(least)s to %(most)s", **pair) for pair in pairs), _("gains %(least)s or more", least=steps[-1])]
    return [str(words) for words in (*reversed(losses), _("stays as it is"), *gains)]


_COLOURS = ["s-loss"] * (len(BOUNDS) + 1) + ["s-rest"] + ["s-0"] * (len(BOUNDS) + 1)


def difference(line):
    """(TEO, cents, what both are worth) that one of the largest gains, below zero where he loses."""
    _user, teo_before, teo_draft, before, draft = line
    tokens, cents = teo_draft - teo_before, draft - before
    return tokens, cents, worth(tokens, cents)
