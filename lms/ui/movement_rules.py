"""The rule behind a movement, by the numbers of the version it names; of what no rule decides, who or what did."""

from lms.ui.units import days, hours, levels, percent, share, tokens
from lms.ui.words import gettext


def rule(movement, rules):
    """The sentence; None of a word we do not know, and of what was written before it named its credit."""
    say = _RULES.get(movement.reason)
    return say(rules, movement.evidence) if say and rules else None


def _purchase(rules, put_in):
    return gettext("what the teacher gives, up to %(rate)s of the price", rate=percent(rules.purchase_max_bp))


def _lesson(rules, put_in):
    return gettext("%(rate)s of the price paid, shared among the lessons", rate=percent(rules.lessons_bp))


def _completion(rules, put_in):
    return gettext("%(rate)s of the price paid", rate=percent(rules.completion_bp))


def _review(rules, put_in):
    return gettext(
        "%(each)s to each reviewer of a work and to its author when it passes, at most %(count)d a day for reviewing, and all rewards of a course together at most %(rate)s of what its author paid",
        each=tokens(rules.review_reward),
        count=rules.reviews_per_day,
        rate=percent(rules.rewards_max_bp),
    )


def _maturity(rules, put_in):
    if "credit" not in put_in:
        return None
    if put_in["credit"] not in ("sale", "sale bonus"):
        return gettext("rewards mature %(days)s after the payment", days=days(rules.maturity_days))
    return gettext(
        "what a sale brings matures %(days)s after the payment, %(longer)s after it in the first %(first)s of a teacher",
        days=days(rules.maturity_days),
        longer=days(rules.new_teacher_maturity_days),
        first=days(rules.new_teacher_days),
    )


def _discount(rules, put_in):
    return gettext("%(levels)s of a price may be paid in TEO, one for each euro", levels=levels(rules.discount_levels_bp))


def _sale(rules, put_in):
    return gettext("a teacher may take the TEO of a discount in place of its euros, and has %(hours)s to say so", hours=hours(rules.decision_hours))


def _bonus(rules, put_in):
    return gettext("%(rate)s on top for the teacher who takes the TEO of a discount", rate=percent(rules.accept_bonus_bp))


def _refund(rules, put_in):
    return gettext(
        "a buyer may ask for his money back for %(days)s, below %(done)s of the course; what the sale brought goes back with it",
        days=days(rules.refund_days),
        done=share(rules.refund_below_percent),
    )


def _charge_back(rules, put_in):
    return gettext("none is needed: the buyer's bank decided, and what the sale brought goes back")


def _decided_anew(rules, put_in):
    return gettext("a teacher may decide anew for %(hours)s after the payment; what the first decision brought goes back", hours=hours(rules.decision_hours))


def _staked(rules, put_in):
    return gettext("a stake counts for the tier at once, and is locked for %(days)s", days=days(rules.stake_lock_days))


def _unbonding(rules, put_in):
    return gettext("what is asked out of a stake is available after %(days)s", days=days(rules.unbonding_days))


def _withdrawal(rules, put_in):
    return gettext(
        "a withdrawal that a member asks for is of %(lowest)s to %(highest)s, and at most %(count)d are open at a time; above %(one)s in %(days)s an admin looks at it, above %(two)s two",
        lowest=tokens(rules.withdrawal_lowest),
        highest=tokens(rules.withdrawal_highest),
        count=rules.withdrawals_open,
        one=tokens(rules.review_above),
        two=tokens(rules.two_admins_above),
        days=days(rules.review_days),
    )


def _deposit(rules, put_in):
    return gettext("none is needed: all that comes to your address is credited, once it is final")


def _grant(rules, put_in):
    return gettext("none is needed: the platform decided it")


def _recovered(rules, put_in):
    return gettext("none is needed: what the chain holds counts")


def _repaid(rules, put_in):
    return gettext("none is needed: what is credited repays first what is owed, and no more than that")


def _stolen(rules, put_in):
    return gettext("none is needed: the platform keeps the key, and bears the loss")


_RULES = {
    "purchase": _purchase,
    "lesson": _lesson,
    "completion": _completion,
    "peer review": _review,
    "exercise passed": _review,
    "matured": _maturity,
    "order placed": _discount,
    "order closed": _discount,
    "discount": _discount,
    "sale": _sale,
    "sale bonus": _bonus,
    "refund": _refund,
    "charge back": _charge_back,
    "decided anew": _decided_anew,
    "staked": _staked,
    "unstaked": _unbonding,
    "stake released": _unbonding,
    "withdrawal requested": _withdrawal,
    "withdrawal on its way": _withdrawal,
    "withdrawal cancelled": _withdrawal,
    "withdrawal rejected": _withdrawal,
    "withdrawal given back": _withdrawal,
    "deposit": _deposit,
    "grant": _grant,
    "recovered": _recovered,
    "repaid": _repaid,
    "stolen": _stolen,
    "replaced": _stolen,
}
