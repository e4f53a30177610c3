"""What sales would bring their teacher: by another tier, or decided the other way. EUR in cents, TEO in millionths. Reads only."""

from collections.abc import Collection
from typing import NamedTuple

from lms.domain.checkout import earnings
from lms.domain.checkout.models import Order
from lms.domain.courses import queries as courses
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Split, Tier
from lms.domain.staking.queries import Standing

EXAMPLE = 10_000  # cents, where a teacher sells nothing yet


class Rung(NamedTuple):
    """A tier as the teacher sees it: what is missing to it in TEO, and what it would have earned on a month's sales, in cents more or less than his own."""

    tier: Tier
    missing: int
    earned: int
    more: int
    is_current: bool


class Example(NamedTuple):
    """A discount of `level_bp` on a sale, decided either way: {whether the TEO are taken: the Split}."""

    level_bp: int
    discount: int
    splits: dict[bool, Split]


class Examples(NamedTuple):
    """One Example for each level, of a sale at this price in the teacher's tier of today."""

    price: int
    tier: Tier
    examples: list[Example]


def ladder(teacher_id: int, standing: Standing) -> list[Rung]:
    """The Rung of each tier for a teacher with this staking.Standing; one statement."""
    sales, rules = earnings.of_a_month(teacher_id), standing.rules
    now = rules.earned(standing.tier, sales)
    earned = [(tier, rules.earned(tier, sales)) for tier in rules.tiers]
    return [Rung(tier, standing.missing_to(tier), cents, cents - now, tier == standing.tier) for tier, cents in earned]


def examples(teacher_id: int, rules: Rules, price: int | None = None) -> Examples:
    """The Examples at this price, or that of the teacher's dearest course."""
    price = price or courses.dearest(teacher_id) or EXAMPLE
    tier = rules.tier(accounts.member(teacher_id, TEO, "staked").balance)
    share = rules.teacher_share(price, tier)
    levels = [(level, rules.discount(price, level)) for level in rules.discount_levels_bp]
    return Examples(price, tier, [Example(level, off, rules.either_way(price, share, off)) for level, off in levels])


def either_way(orders: Collection[Order]) -> dict[int, dict[bool, Split]]:
    """{order id: {whether the TEO are taken: the Split}}, each by the rulebook its order froze; one statement for any number of them."""
    rules = rulebook.versions({order.rule_version for order in orders})
    return {order.id: rules[order.rule_version].either_way(order.price, order.share, order.discount) for order in orders}
