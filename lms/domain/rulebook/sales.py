"""What a sale costs, what it brings to whom, and until when it can be undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from lms.domain.rulebook.amounts import BASIS, MICRO_PER_CENT, half_up


@dataclass(frozen=True)
class Tier:
    name: str
    staked: int  # from this many TEO, in millionths
    platform_bp: int  # the platform's share of the price


class Split(NamedTuple):
    """What a sale brings to whom: EUR in cents, TEO in millionths. `bonus` is the treasury's, to a teacher who takes the TEO of the discount."""

    teacher: int
    platform: int
    tokens: int = 0
    bonus: int = 0


class SaleRules:
    """Pure functions of the numbers of a version (rules.Rules). EUR in cents, TEO in millionths."""

    lowest_price: int
    discount_levels_bp: tuple[int, ...]
    accept_bonus_bp: int
    decision_hours: int
    refund_days: int
    refund_below_percent: int
    maturity_days: int
    new_teacher_days: int
    new_teacher_maturity_days: int
    stake_lock_days: int
    unbonding_days: int
    tiers: tuple[Tier, ...]

    def may_cost(self, price: int) -> bool:
        """Whether a course may be sold at so many cents; what is free is not sold."""
        return price >= self.lowest_price

    def coupon_off(self, listed: int, percent_bp: int | None = None, amount: int | None = None) -> int:
        """EUR cents that a coupon of basis points or of an amount takes off a list price, of which the lowest price always stays to be paid."""
        wanted = amount if amount is not None else half_up(listed * (percent_bp or 0), BASIS)
        return max(0, min(wanted, listed - self.lowest_price))

    @property
    def highest_level_bp(self) -> int:
        """The largest part of a price that any course may let a student pay in TEO."""
        return max(self.discount_levels_bp, default=0)

    def levels_up_to(self, most_bp: int) -> list[int]:
        """Basis points of the price a student may pay in TEO for a course whose own maximum is `most_bp`, 0 among them."""
        return [0, *(level for level in self.discount_levels_bp if level <= most_bp)]

    def discount(self, price: int, level_bp: int) -> int:
        """EUR cents off the price for paying `level_bp` of it in TEO, half up to the cent."""
        return half_up(price * level_bp, BASIS)

    def tokens(self, discount: int) -> int:
        """TEO that a discount of so many cents takes."""
        return discount * MICRO_PER_CENT

    def tier(self, staked: int) -> Tier:
        """The tier of a teacher who has `staked` millionths of TEO."""
        return [tier for tier in self.tiers if staked >= tier.staked][-1]

    def teacher_share(self, price: int, tier: Tier) -> int:
        """EUR cents of the price that are the teacher's, half up to the cent."""
        return half_up(price * (BASIS - tier.platform_bp), BASIS)

    def split(self, price: int, share: int, discount: int, accepted: bool) -> Split:
        """The Split of a sale at `price` cents of which `share` is the teacher's. Who takes the TEO gets them, with the bonus, for the euros of the discount."""
        paid = price - discount
        if not accepted:
            return Split(share, paid - share)
        tokens = self.tokens(discount)
        return Split(share - discount, paid - share + discount, tokens, tokens * self.accept_bonus_bp // BASIS)

    def either_way(self, price: int, share: int, discount: int) -> dict[bool, Split]:
        """{whether the teacher takes the TEO: the Split} of a sale."""
        return {accepted: self.split(price, share, discount, accepted) for accepted in (False, True)}

    def earned(self, tier: Tier, sales: Iterable[tuple[int, int, bool]]) -> int:
        """The teacher's EUR cents of these sales, [(price, discount, whether the TEO were taken)], by a tier."""
        return sum(self.split(price, self.teacher_share(price, tier), discount, accepted).teacher for price, discount, accepted in sales)

    def decide_by(self, paid_at: datetime) -> datetime:
        """Until when the teacher may say whether he takes the TEO of a sale."""
        return paid_at + timedelta(hours=self.decision_hours)

    def refundable_until(self, paid_at: datetime) -> datetime:
        """When the right to change one's mind ends."""
        return paid_at + timedelta(days=self.refund_days)

    def may_refund(self, paid_at: datetime, at: datetime, percent: int) -> bool:
        """Whether who paid then and has completed so many percent of the lessons may have his money back at the moment `at`."""
        return at < self.refundable_until(paid_at) and percent < self.refund_below_percent

    def matures_at(self, paid_at: datetime) -> datetime:
        """When the rewards and earnings of a sale are out of the refund window."""
        return paid_at + timedelta(days=self.maturity_days)

    def earnings_mature_at(self, paid_at: datetime, teacher_since: datetime) -> datetime:
        """As matures_at, later for the sales of a teacher's first days."""
        new = paid_at - teacher_since < timedelta(days=self.new_teacher_days)
        return paid_at + timedelta(days=self.new_teacher_maturity_days if new else self.maturity_days)

    def unlocks_at(self, staked_at: datetime) -> datetime:
        """When what is staked can be asked out again."""
        return staked_at + timedelta(days=self.stake_lock_days)

    def unbonded_at(self, asked_at: datetime) -> datetime:
        """When what was asked out is available."""
        return asked_at + timedelta(days=self.unbonding_days)
