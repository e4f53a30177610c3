"""Each rule a pure function of the numbers of one version. EUR in cents, TEO in millionths; source: the rulebook, version 1."""

from dataclasses import dataclass, field
from datetime import timedelta

MICRO = 1_000_000
MICRO_PER_CENT = 10_000  # 1 TEO is worth 1 EUR of discount
BASIS = 10_000


@dataclass(frozen=True)
class Tier:
    name: str
    staked: int  # from this many TEO, in millionths
    platform_bp: int  # the platform's share of the price


@dataclass(frozen=True)
class Rules:
    """The numbers of one version. Basis points are of the price paid in cash."""

    number: int = 1
    purchase_max_bp: int = 200
    lessons_bp: int = 400
    completion_bp: int = 400
    maturity_days: int = 14
    new_teacher_days: int = 90
    new_teacher_maturity_days: int = 30
    user_daily_cap: int = 100 * MICRO
    platform_daily_cap: int = 10_000 * MICRO
    tiers: tuple = field(
        default=(
            Tier("Bronze", 0, 5000),
            Tier("Silver", 100 * MICRO, 4500),
            Tier("Gold", 300 * MICRO, 4000),
            Tier("Platinum", 600 * MICRO, 3500),
            Tier("Diamond", 1000 * MICRO, 2500),
        )
    )

    def __post_init__(self):
        object.__setattr__(self, "tiers", tuple(tier if isinstance(tier, Tier) else Tier(**tier) for tier in self.tiers))

    def tier(self, staked):
        """The tier of a teacher who has `staked` millionths of TEO."""
        return [tier for tier in self.tiers if staked >= tier.staked][-1]

    def teacher_share(self, price, tier):
        """EUR cents of the price that are the teacher's, half up to the cent."""
        return half_up(price * (BASIS - tier.platform_bp), BASIS)

    def purchase_reward(self, paid, reward_bp):
        """TEO for buying a course at `paid` cents whose teacher set `reward_bp`."""
        return paid * MICRO_PER_CENT * min(reward_bp, self.purchase_max_bp) // BASIS

    def lesson_reward(self, paid, granted, left):
        """TEO for one of the `left` lessons still to do, when `granted` went out for others: together exactly their share of `paid` cents."""
        return max(0, self.lessons_reward(paid) - granted) // left

    def lessons_reward(self, paid):
        """TEO for all lessons of a course together."""
        return paid * MICRO_PER_CENT * self.lessons_bp // BASIS

    def completion_reward(self, paid):
        """TEO for finishing a course bought at `paid` cents."""
        return paid * MICRO_PER_CENT * self.completion_bp // BASIS

    def total_reward(self, paid, reward_bp):
        """TEO a buyer can earn with the course in all."""
        return self.purchase_reward(paid, reward_bp) + self.lessons_reward(paid) + self.completion_reward(paid)

    def matures_at(self, paid_at):
        """When the rewards and earnings of a sale are out of the refund window."""
        return paid_at + timedelta(days=self.maturity_days)

    def earnings_mature_at(self, paid_at, teacher_since):
        """As matures_at, later for the sales of a teacher's first days."""
        new = paid_at - teacher_since < timedelta(days=self.new_teacher_days)
        return paid_at + timedelta(days=self.new_teacher_maturity_days if new else self.maturity_days)


def half_up(numerator, denominator):
    """The quotient of whole numbers, halves rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)
