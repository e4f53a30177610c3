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
class Split:
    """What a sale brings to whom: EUR in cents, TEO in millionths. `bonus` is the treasury's, to a teacher who takes the TEO of the discount."""

    teacher: int
    platform: int
    tokens: int = 0
    bonus: int = 0


@dataclass(frozen=True)
class Rules:
    """The numbers of one version. Basis points are of the price, those of rewards of the price paid in cash."""

    number: int = 1
    lowest_price: int = 100  # below it the rounding to cents would outweigh the percentages
    discount_levels_bp: tuple = (500, 1000, 1500)
    accept_bonus_bp: int = 2500  # of the TEO of a discount
    decision_hours: int = 24
    rewards_max_bp: int = 1000  # all rewards of a course together, peer reviews among them
    purchase_max_bp: int = 200
    lessons_bp: int = 400
    completion_bp: int = 400
    review_reward: int = 2 * MICRO  # to each peer reviewer and to an author who passes, within what the course may bring
    reviews_per_day: int = 3
    refund_days: int = 14
    refund_below_percent: int = 30
    maturity_days: int = 14
    new_teacher_days: int = 90
    new_teacher_maturity_days: int = 30
    user_daily_cap: int = 100 * MICRO
    platform_daily_cap: int = 10_000 * MICRO
    stake_lock_days: int = 7
    unbonding_days: int = 7
    withdrawal_lowest: int = 10 * MICRO
    withdrawal_highest: int = 10_000 * MICRO
    withdrawals_open: int = 3
    withdrawals_daily: int = 50_000 * MICRO  # of the whole platform
    address_wait_hours: int = 24
    review_days: int = 30
    review_above: int = 200 * MICRO  # of a member's withdrawals in so many days
    two_admins_above: int = 1000 * MICRO
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
        object.__setattr__(self, "discount_levels_bp", tuple(self.discount_levels_bp))

    def tier(self, staked):
        """The tier of a teacher who has `staked` millionths of TEO."""
        return [tier for tier in self.tiers if staked >= tier.staked][-1]

    def teacher_share(self, price, tier):
        """EUR cents of the price that are the teacher's, half up to the cent."""
        return half_up(price * (BASIS - tier.platform_bp), BASIS)

    def discount(self, price, level_bp):
        """EUR cents off the price for paying `level_bp` of it in TEO, half up to the cent."""
        return half_up(price * level_bp, BASIS)

    def tokens(self, discount):
        """TEO that a discount of so many cents takes."""
        return discount * MICRO_PER_CENT

    def split(self, price, share, discount, accepted):
        """The Split of a sale at `price` cents of which `share` is the teacher's. Who takes the TEO gets them, with the bonus, for the euros of the discount."""
        paid = price - discount
        if not accepted:
            return Split(share, paid - share)
        tokens = self.tokens(discount)
        return Split(share - discount, paid - share + discount, tokens, tokens * self.accept_bonus_bp // BASIS)

    def decide_by(self, paid_at):
        """Until when the teacher may say whether he takes the TEO of a sale."""
        return paid_at + timedelta(hours=self.decision_hours)

    def refundable_until(self, paid_at):
        """When the right to change one's mind ends."""
        return paid_at + timedelta(days=self.refund_days)

    def unlocks_at(self, staked_at):
        """When what is staked can be asked out again."""
        return staked_at + timedelta(days=self.stake_lock_days)

    def unbonded_at(self, asked_at):
        """When what was asked out is available."""
        return asked_at + timedelta(days=self.unbonding_days)

    def admins_needed(self, recent):
        """How many admins must approve a payout of who asked for so much TEO, in millionths, in the days that are looked at together."""
        return 2 if recent > self.two_admins_above else 1

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
