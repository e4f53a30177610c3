"""What may leave the platform: how much, how often, whereto from when, and who looks at it first."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from lms.domain.rulebook.amounts import MICRO_PER_CENT


class OutflowRules:
    """Pure functions of the numbers of a version (rules.Rules). TEO in millionths, EUR in cents; `recent` in TEO for payouts in euros too: 1 TEO counts as 1 EUR."""

    withdrawal_lowest: int
    withdrawal_highest: int
    withdrawals_open: int
    withdrawals_daily: int
    address_wait_hours: int
    review_days: int
    review_above: int
    two_admins_above: int
    risk_weights: tuple[tuple[str, int], ...]

    @property
    def lowest_payout(self) -> int:
        """The fewest cents that are paid out."""
        return self.withdrawal_lowest // MICRO_PER_CENT

    def may_withdraw(self, amount: int) -> bool:
        """Whether one withdrawal may be of so much."""
        return self.withdrawal_lowest <= amount <= self.withdrawal_highest

    def may_pay_out(self, cents: int) -> bool:
        """Whether one payout in euros may be of so much."""
        return cents >= self.lowest_payout

    def may_open_another(self, open_count: int) -> bool:
        """Whether a member who has so many withdrawals, or payouts, open may ask for one more."""
        return open_count < self.withdrawals_open

    @staticmethod
    def day_begins(at: datetime) -> datetime:
        """When the platform's day of this moment began: midnight UTC."""
        return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def left_of_day(self, asked: int) -> int:
        """What the platform still sends out on a day on which all members together have asked for so much."""
        return max(0, self.withdrawals_daily - asked)

    @staticmethod
    def wait_begins(entered_at: datetime, password_changed_at: datetime | None = None) -> datetime:
        """The moment by whose version an address, or a bank account, waits: one that comes later changes nothing about it."""
        return max(entered_at, password_changed_at or entered_at)

    def usable_at(self, entered_at: datetime, password_changed_at: datetime | None = None) -> datetime:
        """When something may go first to where it was led at `entered_at`, by a member whose password is from then."""
        return self.wait_begins(entered_at, password_changed_at) + timedelta(hours=self.address_wait_hours)

    def looks_back_to(self, asked_at: datetime) -> datetime:
        """The moment after which what a member asked for counts as recent, when he asks for more now."""
        return asked_at - timedelta(days=self.review_days)

    def review_flags(self, recent: int, is_teacher: bool) -> list[str]:
        """The words for why an admin must look at it, none where nobody must, when it brings the member's recent withdrawals to so much. Every payout is a teacher's."""
        return ["teacher"] * is_teacher + ["amount"] * (recent > self.review_above)

    @property
    def weights(self) -> dict[str, int]:
        """{name: points} of each sign of fraud."""
        return dict(self.risk_weights)

    def admins_needed(self, recent: int, flags: Collection[object]) -> int:
        """How many different admins must approve it: none where no flag, a risk or one of review_flags, asks for a look."""
        if not flags:
            return 0
        return 2 if recent > self.two_admins_above else 1
