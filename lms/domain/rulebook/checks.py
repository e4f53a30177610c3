"""Which rules may never come into force. Each refusal is an Invalid with a sentence for who wrote them."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import fields

from lms.domain.rulebook import circles
from lms.domain.rulebook.amounts import BASIS
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.errors import Invalid

LEAST_COST = 150  # cents a circle of accounts has to pay for each TEO it makes
LARGEST = {"bp": BASIS, "percent": 100, "days": 3650, "hours": 87_600, "score": 100, "reviewers": 10}  # by how a number is called
LARGEST_AMOUNT = 10**15
HIGHEST_WEIGHT = 100  # points of one sign of fraud
MAY_BE_ZERO = {
    "accept_bonus_bp",
    "purchase_max_bp",
    "lessons_bp",
    "completion_bp",
    "review_reward",
    "reviews_per_day",
    "refund_days",
    "refund_below_percent",
    "new_teacher_days",
    "stake_lock_days",
    "unbonding_days",
    "address_wait_hours",
    "review_above",
    "two_admins_above",
}
RISING = (
    ("refund_days", "maturity_days"),  # a reward does not mature while the money can be asked back
    ("maturity_days", "new_teacher_maturity_days"),
    ("user_daily_cap", "platform_daily_cap"),
    ("withdrawal_lowest", "withdrawal_highest"),
    ("withdrawal_highest", "withdrawals_daily"),
    ("review_above", "two_admins_above"),
    ("passing_score", "highest_score"),
)


def check(rules: Rules) -> None:
    """Raises Invalid unless every number makes sense, no side of a sale loses, and TEO cannot be made too cheaply."""
    _check_numbers(rules)
    _check_weights(rules.risk_weights)
    _check_tiers(rules.tiers)
    _check_levels(rules)
    _check_against_each_other(rules)
    _check_sales(rules)
    _check_circles(rules)


def _check_numbers(rules: Rules) -> None:
    for rule in fields(Rules):
        if rule.type is int:
            _check_number(rule.name, getattr(rules, rule.name))


def bounds(name: str) -> tuple[int, int]:
    """(the least, the most) that the number of this name may be."""
    return 0 if name in MAY_BE_ZERO else 1, LARGEST.get(name.rsplit("_", 1)[-1], LARGEST_AMOUNT)


def _check_number(name: str, number: int) -> None:
    least, most = bounds(name)
    if type(number) is not int or not least <= number <= most:
        raise Invalid("%(name)s is a whole number from %(least)d to %(most)d.", name=name, least=least, most=most)


def _check_weights(weights: Iterable[tuple[str, int]]) -> None:
    for name, points in weights:
        if type(points) is not int or not 0 <= points <= HIGHEST_WEIGHT:
            raise Invalid("%(name)s is a whole number from %(least)d to %(most)d.", name=f"risk_weights: {name}", least=0, most=HIGHEST_WEIGHT)


def _check_tiers(tiers: Sequence[Tier]) -> None:
    for tier in tiers:
        if not isinstance(tier.name, str) or not tier.name.strip():
            raise Invalid("Every tier has a name.")
        _check_tier(tier)
    if not tiers or tiers[0].staked != 0 or len({tier.name for tier in tiers}) < len(tiers):
        raise Invalid("The first tier begins at a stake of 0, and each tier has a name of its own.")
    for lower, higher in itertools.pairwise(tiers):
        if higher.staked <= lower.staked or higher.platform_bp >= lower.platform_bp:
            raise Invalid("From %(lower)s to %(higher)s the stake has to rise and the platform's share to fall.", lower=lower.name, higher=higher.name)


def _check_tier(tier: Tier) -> None:
    for what, most in (("staked", LARGEST_AMOUNT), ("platform_bp", BASIS)):
        number = getattr(tier, what)
        if type(number) is not int or not 0 <= number <= most:
            raise Invalid("%(name)s is a whole number from %(least)d to %(most)d.", name=f"{tier.name}: {what}", least=0, most=most)


def _check_levels(rules: Rules) -> None:
    before = 0
    for level in rules.discount_levels_bp:
        if type(level) is not int or not before < level < BASIS:
            raise Invalid("The levels of a discount are whole basis points that rise from one to the next, below 10000.")
        before = level
    least = min(tier.platform_bp for tier in rules.tiers)
    if before > least:
        raise Invalid("A discount of %(level)d basis points is more than the platform's share of %(share)d in the highest tier.", level=before, share=least)


def _check_against_each_other(rules: Rules) -> None:
    for lower, higher in RISING:
        if getattr(rules, lower) > getattr(rules, higher):
            raise Invalid("%(lower)s cannot be above %(higher)s.", lower=lower, higher=higher)
    if rules.decision_hours > rules.maturity_days * 24:
        raise Invalid("A teacher has to decide before the sale matures.")
    if rules.purchase_max_bp + rules.lessons_bp + rules.completion_bp > rules.rewards_max_bp:
        raise Invalid("The rewards of a course together are more than the %(name)s.", name="rewards_max_bp")


def _check_sales(rules: Rules) -> None:
    for price, tier, level, _, split in circles.sales(rules):
        if split.teacher < 0 or split.platform < 0:
            raise Invalid(
                "At a price of %(price)s EUR with a discount of %(level)d basis points in %(tier)s, the %(side)s would be left with less than nothing.",
                price=f"{price / 100:.2f}",
                level=level,
                tier=tier.name,
                side="teacher" if split.teacher < 0 else "platform",
            )


def _check_circles(rules: Rules) -> None:
    circle = circles.cheapest(rules)
    if circle and circle.is_below(LEAST_COST):
        raise Invalid(
            "A student and a teacher in league could make TEO for %(cost)s EUR each (%(tier)s, a discount of %(level)d basis points, price %(price)s EUR). It has to cost them at least %(least)s EUR.",
            cost=f"{circle.cents_per_teo / 100:.2f}",
            tier=circle.tier,
            level=circle.level_bp,
            price=f"{circle.price / 100:.2f}",
            least=f"{LEAST_COST / 100:.2f}",
        )
