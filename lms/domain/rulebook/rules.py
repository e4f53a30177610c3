"""The numbers of one version; each rule is a pure function of them, by topic in sales, rewards, reviews and outflow. Source: the rulebook, version 1."""

from dataclasses import dataclass, field

from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.outflow import OutflowRules
from lms.domain.rulebook.reviews import ReviewRules
from lms.domain.rulebook.rewards import RewardRules
from lms.domain.rulebook.sales import SaleRules, Tier


@dataclass(frozen=True)
class Rules(SaleRules, ReviewRules, RewardRules, OutflowRules):
    """EUR in cents, TEO in millionths. Basis points are of the price, those of rewards of the price paid in cash."""

    number: int = 1
    lowest_price: int = 100  # below it the rounding to cents would outweigh the percentages
    discount_levels_bp: tuple[int, ...] = (500, 1000, 1500)
    accept_bonus_bp: int = 2500  # of the TEO of a discount
    decision_hours: int = 24
    rewards_max_bp: int = 1000  # all rewards of a course together, peer reviews among them
    purchase_max_bp: int = 200
    lessons_bp: int = 400
    completion_bp: int = 400
    review_reward: int = 2 * MICRO  # to each peer reviewer and to an author who passes, within what the course may bring
    reviews_per_day: int = 3
    peer_reviewers: int = 3  # of one work
    peer_review_hours: int = 24
    highest_score: int = 10
    passing_score: int = 6  # the mean of the reviewers'
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
    risk_weights: tuple[tuple[str, int], ...] = (  # points of each sign of fraud (see the desk's risks): 0 switches it off
        ("new account", 10),
        ("new address", 10),
        ("shared address", 60),
        ("shared device", 40),
        ("shared network", 15),
        ("reward velocity", 30),
        ("hasty learning", 30),
        ("circle", 60),
        ("refund after reward", 20),
        ("disposable mail", 20),
        ("caps reached", 15),
        ("dispute", 40),
    )
    tiers: tuple[Tier, ...] = field(
        default=(
            Tier("Bronze", 0, 5000),
            Tier("Silver", 100 * MICRO, 4500),
            Tier("Gold", 300 * MICRO, 4000),
            Tier("Platinum", 600 * MICRO, 3500),
            Tier("Diamond", 1000 * MICRO, 2500),
        )
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple(tier if isinstance(tier, Tier) else Tier(**tier) for tier in self.tiers))
        object.__setattr__(self, "discount_levels_bp", tuple(self.discount_levels_bp))
        object.__setattr__(self, "risk_weights", tuple(map(tuple, self.risk_weights)))
