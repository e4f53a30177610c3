"""Work on exercises that members review: when it passes, and what that brings."""

from collections.abc import Collection
from datetime import datetime, timedelta

from lms.domain.rulebook.amounts import BASIS, MICRO_PER_CENT
from lms.domain.rulebook.rewards import RewardRules


class ReviewRules(RewardRules):
    """Pure functions of the numbers of a version (rules.Rules). Paid in cents of cash, TEO in millionths, scores from 1 to `highest_score`."""

    rewards_max_bp: int
    review_reward: int
    reviews_per_day: int
    peer_reviewers: int
    peer_review_hours: int
    highest_score: int
    passing_score: int

    def review_due(self, asked_at: datetime) -> datetime:
        """Until when a reviewer may be silent."""
        return asked_at + timedelta(hours=self.peer_review_hours)

    def is_score(self, score: object) -> bool:
        return type(score) is int and 1 <= score <= self.highest_score

    def is_reviewed(self, scores: Collection[int]) -> bool:
        """Whether as many have said what they think as it takes."""
        return len(scores) >= self.peer_reviewers

    def passes(self, scores: Collection[int]) -> bool:
        """Whether work with these scores, all of the reviewers' or the teacher's one, passes by their mean."""
        return sum(scores) >= self.passing_score * len(scores)

    def reviews_reward(self, paid: int, bought: int) -> int:
        """TEO that all peer reviews of one purchase bring together at most: what the course may bring, less what buying it brought (`bought`) and learning may."""
        most = paid * MICRO_PER_CENT * self.rewards_max_bp // BASIS
        return max(0, most - bought - self.lessons_reward(paid) - self.completion_reward(paid)) if self.review_reward else 0

    def review_reward_for(self, paid: int, bought: int, granted: int, reviews_today: int) -> int:
        """TEO to a member who reviews an author's work on an exercise, once for both, when he was rewarded for `reviews_today` before on this day.

        It comes out of what the exercise's author paid for the course (`paid`, which brought him `bought`), of which peer reviews have brought `granted`
        to anybody before: so a purchase brings no more than its maximum, whoever reviews, and a free course nothing."""
        return self.passing_reward_for(paid, bought, granted) if reviews_today < self.reviews_per_day else 0

    def passing_reward_for(self, paid: int, bought: int, granted: int) -> int:
        """TEO to the author whose work passes, once per exercise, out of the same."""
        return min(self.review_reward, max(0, self.reviews_reward(paid, bought) - granted))
