"""The rules in words: one table, which serves the page of the rulebook, the difference between two versions and the command."""

from typing import NamedTuple

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup, escape

from lms.domain.rulebook.changes import changed
from lms.ui import risk_words
from lms.ui.units import days, euros, hours, levels, number, percent, secret, share, tiers, tokens


class Rule(NamedTuple):
    """`label` goes into a sentence (lower case, singular), `said` has %(value)s in the words of `unit`."""

    name: str
    label: str
    unit: object
    said: str


class Group(NamedTuple):
    title: str
    lead: str
    rules: tuple


GROUPS = (
    Group(
        _("Prices and discounts"),
        _("A student may pay a part of the price in TEO: 1 TEO takes 1 € off. TEO are never paid out in euros."),
        (
            Rule("lowest_price", _("lowest price of a course"), euros, _("%(value)s, also with a coupon; a free course rewards with a badge, not with TEO")),
            Rule("discount_levels_bp", _("part that can be paid in TEO"), levels, _("%(value)s of the price, as far as the course allows")),
            Rule("accept_bonus_bp", _("bonus for a teacher who takes the TEO"), percent, _("%(value)s of the TEO of the discount, on top of them")),
            Rule("decision_hours", _("time to decide about the TEO of a sale"), hours, _("%(value)s after the payment; then the teacher's policy decides, and without a policy it is euros")),
        ),
    ),
    Group(
        _("Rewards"),
        _("Who buys and learns earns TEO, once per member and course for ever. Percentages are of the price paid in cash, without VAT."),
        (
            Rule("rewards_max_bp", _("limit of all rewards of a course"), percent, _("%(value)s of the price paid in cash, peer reviews included")),
            Rule("purchase_max_bp", _("purchase reward"), percent, _("up to %(value)s of the price paid in cash, as the teacher sets it")),
            Rule("lessons_bp", _("reward for lessons"), percent, _("%(value)s of the price paid in cash, shared by the lessons")),
            Rule("completion_bp", _("completion reward"), percent, _("%(value)s of the price paid in cash")),
            Rule("review_reward", _("reward for a peer review"), tokens, _("%(value)s to each reviewer of a work, and to its author when it passes, once for each exercise and within the limit of the course")),
            Rule("reviews_per_day", _("number of peer reviews rewarded"), number, _("%(value)s a day for each member")),
        ),
    ),
    Group(
        _("Peer review"),
        _("Reviewers are drawn from those who passed the exercise and who teach the course. Where too few are, the teacher grades."),
        (
            Rule("peer_reviewers", _("number of reviewers of a work"), number, "%(value)s"),
            Rule("peer_review_hours", _("time for a review"), hours, _("%(value)s; who is silent is replaced by another")),
            Rule("highest_score", _("highest score"), number, _("%(value)s, the lowest is 1")),
            Rule("passing_score", _("mean score with which a work passes"), number, _("%(value)s or more")),
        ),
    ),
    Group(
        _("Daily limits"),
        _("What is above a limit is not lost: it is granted on the next day."),
        (
            Rule("user_daily_cap", _("daily limit of a member"), tokens, _("%(value)s of rewards")),
            Rule("platform_daily_cap", _("daily limit of all members together"), tokens, _("%(value)s of rewards")),
        ),
    ),
    Group(
        _("Maturity"),
        _("What a sale brings can be used when it is for good."),
        (
            Rule("maturity_days", _("maturity of rewards and earnings"), days, _("%(value)s after the payment")),
            Rule("new_teacher_days", _("time for which a teacher is new"), days, _("%(value)s after becoming one")),
            Rule("new_teacher_maturity_days", _("maturity of a new teacher's earnings"), days, _("%(value)s after the payment")),
        ),
    ),
    Group(
        _("Refunds"),
        _("Who takes the money back gives the rewards back; TEO paid for a discount return."),
        (
            Rule("refund_days", _("time to change one's mind"), days, _("%(value)s after the payment")),
            Rule("refund_below_percent", _("progress up to which a refund is given"), share, _("below %(value)s of the lessons")),
        ),
    ),
    Group(
        _("Staking and tiers"),
        _("A teacher who stakes TEO keeps more of each sale. The tier falls as soon as the stake is asked back."),
        (
            Rule("tiers", _("platform's share of a sale"), tiers, "%(value)s"),
            Rule("stake_lock_days", _("lock of a stake"), days, _("%(value)s after staking")),
            Rule("unbonding_days", _("unbonding of a stake"), days, _("%(value)s from the request until it is available")),
        ),
    ),
    Group(
        _("Withdrawals"),
        _("TEO that are available can go to an address of the member's own. The platform pays the gas."),
        (
            Rule("withdrawal_lowest", _("lowest withdrawal"), tokens, "%(value)s"),
            Rule("withdrawal_highest", _("highest withdrawal"), tokens, "%(value)s"),
            Rule("withdrawals_open", _("number of withdrawals open at a time"), number, _("%(value)s for each member")),
            Rule("withdrawals_daily", _("daily limit of all withdrawals together"), tokens, "%(value)s"),
            Rule("address_wait_hours", _("wait of a new address"), hours, _("%(value)s, as after a new password")),
        ),
    ),
    Group(
        _("Payout review"),
        _("An admin looks at every payout to a teacher, and at a withdrawal that is large or at risk. Nobody reviews his own."),
        (
            Rule("review_days", _("time over which withdrawals are added up"), days, "%(value)s"),
            Rule("review_above", _("sum from which an admin looks"), tokens, _("above %(value)s in that time")),
            Rule("risk_weights", _("signs of fraud"), secret, _("%(value)s: who knew what is looked for would do it otherwise")),
            Rule("two_admins_above", _("sum from which two admins look"), tokens, _("above %(value)s in that time")),
        ),
    ),
)

RULES = {rule.name: rule for group in GROUPS for rule in group.rules}


def said(rule, rules):
    """A rule's number in words: `4 % of the price paid in cash`."""
    return str(rule.said) % {"value": rule.unit(getattr(rules, rule.name))}


def said_strong(rule, rules):
    """The same for a page, the number itself in bold."""
    return Markup(escape(str(rule.said))) % {"value": Markup("<strong>%s</strong>") % rule.unit(getattr(rules, rule.name))}


def differences(before, after):
    """What changes from one version to the other, a sentence for each number."""
    names = changed(before, after)
    sentences = [_difference(RULES[name], before, after) for name in names if name not in ("tiers", "risk_weights")]
    if "risk_weights" in names:
        sentences.append(gettext("Signs of fraud are weighed otherwise; how is not published."))
    return sentences + _tier_differences(before.tiers, after.tiers)


def weight_differences(before, after):
    """What changes in the signs of fraud, a sentence for each: for admins alone."""
    return [
        gettext("“%(sign)s” weighs %(after)s points instead of %(before)s.", sign=risk_words.name({"name": name}), before=before.weights.get(name, 0), after=points)
        for name, points in after.risk_weights
        if points != before.weights.get(name, 0)
    ]


def _difference(rule, before, after):
    old, new = getattr(before, rule.name), getattr(after, rule.name)
    values = dict(rule=rule.label, before=rule.unit(old), after=said(rule, after))
    if isinstance(new, tuple):
        return gettext("The %(rule)s changes from %(before)s to %(after)s.", **values)
    if new > old:
        return gettext("The %(rule)s rises from %(before)s to %(after)s.", **values)
    return gettext("The %(rule)s falls from %(before)s to %(after)s.", **values)


def _tier_differences(before, after):
    """A tier is known by its name."""
    old, new = ({tier.name: tier for tier in ladder} for ladder in (before, after))
    sentences = [gettext("The tier %(tier)s ends.", tier=gettext(name)) for name in old if name not in new]
    for name, tier in new.items():
        if name not in old:
            sentences.append(gettext("There is a new tier: %(tier)s.", tier=tiers([tier])))
        elif tier != old[name]:
            sentences.append(gettext("The tier changes from %(before)s to %(after)s.", before=tiers([old[name]]), after=tiers([tier])))
    return sentences
