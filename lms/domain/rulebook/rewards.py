"""What learning brings, and how much of it in a day."""

from dataclasses import dataclass

from lms.domain.rulebook.amounts import BASIS, MICRO_PER_CENT


@dataclass(frozen=True)
class Room:
    """The caps of a day by the `version` that holds on it, and what was granted within them before, to the member and to all, in millionths of TEO."""

    version: int
    own_cap: int
    own_before: int
    all_cap: int
    all_before: int

    @property
    def left(self) -> int:
        return max(0, min(self.own_cap - self.own_before, self.all_cap - self.all_before))

    def granted(self, wanted: int) -> int:
        """What of so much is granted on this day."""
        return min(wanted, self.left)

    def deferred(self, wanted: int) -> int:
        """What of it waits for the next."""
        return wanted - self.granted(wanted)


class RewardRules:
    """Pure functions of the numbers of a version (rules.Rules). Paid in cents of cash, TEO in millionths."""

    number: int
    purchase_max_bp: int
    lessons_bp: int
    completion_bp: int
    user_daily_cap: int
    platform_daily_cap: int

    def purchase_rate(self, reward_bp: int) -> int:
        """Basis points of the price paid that buying brings, for a course whose teacher set `reward_bp`."""
        return min(reward_bp, self.purchase_max_bp)

    def purchase_reward(self, paid: int, reward_bp: int) -> int:
        """TEO for buying a course at `paid` cents whose teacher set `reward_bp`."""
        return paid * MICRO_PER_CENT * self.purchase_rate(reward_bp) // BASIS

    def lesson_reward(self, paid: int, granted: int, left: int) -> int:
        """TEO for one of the `left` lessons still to do, when `granted` went out for others: together exactly their share of `paid` cents."""
        return max(0, self.lessons_reward(paid) - granted) // left

    def lessons_reward(self, paid: int) -> int:
        """TEO for all lessons of a course together."""
        return paid * MICRO_PER_CENT * self.lessons_bp // BASIS

    def completion_reward(self, paid: int) -> int:
        """TEO for finishing a course bought at `paid` cents."""
        return paid * MICRO_PER_CENT * self.completion_bp // BASIS

    def total_reward(self, paid: int, reward_bp: int) -> int:
        """TEO a buyer can earn with the course by buying and learning."""
        return self.purchase_reward(paid, reward_bp) + self.lessons_reward(paid) + self.completion_reward(paid)

    def room(self, own_before: int, all_before: int) -> Room:
        """The Room of a day on which so much was granted before to the member and to all."""
        return Room(self.number, self.user_daily_cap, own_before, self.platform_daily_cap, all_before)
