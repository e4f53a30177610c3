"""What a circle of accounts, a student and a teacher in league, pays for the TEO it makes."""

from typing import NamedTuple

from lms.domain.rulebook.rules import BASIS, MICRO, MICRO_PER_CENT

EVERY_CENT_UP_TO = 3_000  # above, the rounding to cents is less than a thousandth of the platform's part
HIGH_PRICES = (4_999, 5_000, 9_999, 10_000, 19_999, 49_999, 100_000, 999_999, 1_000_000)


class Circle(NamedTuple):
    """A sale between two who are in league: together they pay `cost` cents, what the platform keeps, and have `made` millionths of TEO more."""

    price: int  # cents, after the coupon
    tier: str
    level_bp: int
    is_accepted: bool
    cost: int
    made: int

    @property
    def cents_per_teo(self):
        """What 1 TEO costs them, rounded down to the cent."""
        return self.cost * MICRO // self.made

    def is_below(self, cents):
        """Whether 1 TEO costs them less than that."""
        return self.cost * MICRO < cents * self.made


def cheapest(rules):
    """The Circle that makes its TEO at the lowest cost under these rules, None when none makes any.

    Every reward is counted as earned, up to the most a course may bring, so that peer reviews are in it; and of the price before the TEO of a discount:
    that is more than is ever granted, and errs on the safe side. A coupon makes no circle of its own, since it only lowers the price."""
    found = None
    for circle in circles_of(rules):
        if circle.made > 0 and (found is None or circle.cost * found.made < found.cost * circle.made):
            found = circle
    return found


def circles_of(rules):
    """The Circle of every kind of sale."""
    for price, tier, level, is_accepted, split in sales(rules):
        spent = rules.tokens(rules.discount(price, level))
        reward = price * MICRO_PER_CENT * rules.rewards_max_bp // BASIS
        made = reward + split.tokens + split.bonus - spent
        yield Circle(price, tier.name, level, is_accepted, split.platform, made)


def sales(rules):
    """(price, Tier, level, whether the teacher takes the TEO, Split) of every kind of sale, over all prices near the lowest and some high ones."""
    for price in _prices(rules):
        for tier in rules.tiers:
            share = rules.teacher_share(price, tier)
            for level in (0, *rules.discount_levels_bp):
                discount = rules.discount(price, level)
                for is_accepted in (False, True) if discount else (False,):
                    yield price, tier, level, is_accepted, rules.split(price, share, discount, is_accepted)


def _prices(rules):
    yield from range(rules.lowest_price, max(EVERY_CENT_UP_TO, rules.lowest_price + 1))
    yield from (price for price in HIGH_PRICES if price > rules.lowest_price)
