"""What a circle of accounts, students and a teacher in league, pays for the TEO it makes."""

from collections.abc import Iterator
from typing import NamedTuple

from lms.domain.rulebook.amounts import HIGHEST_COUPON, HIGHEST_PRICE, MICRO
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Split, Tier

EVERY_CENT_UP_TO = 3_000  # above, the rounding to cents is less than a thousandth of the platform's part
HIGH_PRICES = (4_999, 5_000, 9_999, 10_000, 19_999, 49_999, 100_000, HIGHEST_PRICE - 1, HIGHEST_PRICE)
COUPONS = (dict(amount=0), dict(amount=1), dict(amount=1_250), dict(percent_bp=1), dict(percent_bp=333), dict(percent_bp=1_000), dict(percent_bp=5_000), dict(percent_bp=HIGHEST_COUPON))


class Circle(NamedTuple):
    """A sale among those in league: together they pay `cost` cents, what the platform keeps, and have `made` millionths of TEO more."""

    price: int  # cents, after the coupon
    tier: str
    level_bp: int
    is_accepted: bool
    has_exercises: bool  # whether they review each other, as often as it brings anything
    cost: int
    made: int

    @property
    def cents_per_teo(self) -> int:
        """What 1 TEO costs them, rounded down to the cent."""
        return self.cost * MICRO // self.made

    def is_below(self, cents: int) -> bool:
        """Whether 1 TEO costs them less than that."""
        return self.cost * MICRO < cents * self.made


def cheapest(rules: Rules) -> Circle | None:
    """The Circle that makes its TEO at the lowest cost under these rules, None when none makes any."""
    found = None
    for circle in circles_of(rules):
        if circle.made > 0 and (found is None or circle.cost * found.made < found.cost * circle.made):
            found = circle
    return found


def circles_of(rules: Rules) -> Iterator[Circle]:
    """The Circle of every kind of sale, with peer reviews and without."""
    for price in prices(rules):
        yield from circles_at(rules, price)


def circles_at(rules: Rules, price: int) -> Iterator[Circle]:
    """Those of the sales at this price, after the coupon.

    Every reward is counted as earned, and as one of the price before the TEO of a discount: that is more than is ever granted, and errs on the safe side."""
    learned = rules.total_reward(price, rules.purchase_max_bp)
    rewards = ((False, learned), (True, learned + rules.reviews_reward(price, rules.purchase_reward(price, rules.purchase_max_bp))))
    for _, tier, level, is_accepted, split in sales_at(rules, price):
        made = split.tokens + split.bonus - rules.tokens(rules.discount(price, level))
        for has_exercises, reward in rewards:
            yield Circle(price, tier.name, level, is_accepted, has_exercises, split.platform, made + reward)


def sales(rules: Rules) -> Iterator[tuple[int, Tier, int, bool, Split]]:
    """(price, Tier, level, whether the teacher takes the TEO, Split) of every kind of sale."""
    for price in prices(rules):
        yield from sales_at(rules, price)


def sales_at(rules: Rules, price: int) -> Iterator[tuple[int, Tier, int, bool, Split]]:
    """The same of those at this price."""
    levels = [(level, rules.discount(price, level)) for level in rules.levels_up_to(rules.highest_level_bp)]
    for tier in rules.tiers:
        share = rules.teacher_share(price, tier)
        for level, discount in levels:
            for is_accepted in (False, True) if discount else (False,):
                yield price, tier, level, is_accepted, rules.split(price, share, discount, is_accepted)


def prices(rules: Rules) -> list[int]:
    """Cents that a course may cost with or without a coupon: all near the lowest price, some high ones, and what coupons of each kind leave of those."""
    near = range(rules.lowest_price, max(EVERY_CENT_UP_TO, rules.lowest_price + 1))
    listed = (*near, *(price for price in HIGH_PRICES if price > rules.lowest_price))
    return sorted({price - rules.coupon_off(price, **coupon) for price in listed for coupon in COUPONS})
