"""What one set of rules does with the events of some days: pure, day by day, holding no more than a day, the members and what waits.

Events are Rows in the order of time. Amounts: EUR in cents, TEO in millionths."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from lms.domain.governance.event_rows import COMPLETION, LESSON, PASS, REVIEW, SALE, WITHDRAWAL, Event, Steps, granted_before
from lms.domain.rulebook.rewards import Room
from lms.domain.rulebook.rules import Rules

# The numbers of the rulebook that cost, by their names: all in TEO but the share of the teachers.
TEO_RULES = ("purchase_max_bp", "lessons_bp", "completion_bp", "review_reward", "accept_bonus_bp")
EUR_RULE = "tiers"
CAPS = ("user_daily_cap", "platform_daily_cap", "reviews_per_day", "discount_levels_bp", "withdrawal_lowest", "withdrawal_highest", "withdrawals_daily", "review_above", "two_admins_above")


class Side:
    """`of_version(number)` gives the Rules that reckon what was frozen with a version, `of_day` those whose caps hold on each day; `stakes`: {teacher: Steps}."""

    def __init__(self, of_version: Callable[[int], Rules], of_day: Sequence[Rules], stakes: Mapping[int, Steps]) -> None:
        self._of_version, self._of_day, self._stakes = of_version, of_day, stakes
        self.cost = {rule: [0] * len(of_day) for rule in (*TEO_RULES, EUR_RULE)}
        self.members: dict[int, list[int]] = defaultdict(lambda: [0, 0])  # [TEO, EUR]
        self.stopped = {cap: [0, 0] for cap in CAPS}  # [how often, TEO]
        self.waiting: dict[tuple[int, str], int] = {}  # (member, rule) → TEO that caps deferred, the oldest first
        self._of_lesson = lru_cache(2**16)(self._reckon_lesson)  # the same prices and places come again and again
        self._acts = {SALE: self._sale, LESSON: self._lesson, COMPLETION: self._completion, REVIEW: self._review, PASS: self._pass, WITHDRAWAL: self._withdrawal}

    def begin_day(self, day: int) -> None:
        """What earlier days deferred is granted first, as far as this one has room."""
        self._day, self._today = day, self._of_day[day]
        self._own, self._all, self._asked = defaultdict[int, int](int), 0, 0
        waiting, self.waiting = self.waiting, {}
        for (user, rule), amount in waiting.items():
            granted = self._room(user).granted(amount)
            self._credit(user, rule, granted)
            if granted < amount:
                self.waiting[user, rule] = amount - granted

    def take(self, row: Event) -> None:
        self._acts[row[1]](row, self._of_version(row[3]))

    def _sale(self, row: Event, rules: Rules) -> None:
        _, _, buyer, _, price, discount, reward_bp, teacher, is_accepted, at = row
        split = rules.split(price, rules.teacher_share(price, rules.tier(self._staked(teacher, at))), discount, bool(is_accepted))
        self.cost[EUR_RULE][self._day] += split.teacher
        self.cost["accept_bonus_bp"][self._day] += split.bonus
        totals = self.members[teacher]
        totals[0] += split.bonus
        totals[1] += split.teacher
        if discount and all(rules.discount(price, level) != discount for level in rules.discount_levels_bp):
            self._stop("discount_levels_bp", rules.tokens(discount))
        self._reward(buyer, "purchase_max_bp", rules.purchase_reward(price - discount, reward_bp))

    def _lesson(self, row: Event, _rules: Rules) -> None:
        self._reward(row[2], "lessons_bp", self._of_lesson(row[3], row[4], row[5], row[6]))

    def _reckon_lesson(self, version: int, paid: int, done: int, lessons: int) -> int:
        """What the next lesson brings after so many."""
        rules = self._of_version(version)
        return rules.lesson_reward(paid, granted_before(rules.lessons_reward(paid), done, lessons), lessons - done)

    def _completion(self, row: Event, rules: Rules) -> None:
        self._reward(row[2], "completion_bp", rules.completion_reward(row[4]))

    def _review(self, row: Event, rules: Rules) -> None:
        paid, bought, granted = self._purchase(row, rules)
        amount = rules.review_reward_for(paid, bought, granted, row[7])
        if not amount:
            self._stop_review(rules.passing_reward_for(paid, bought, granted))
        self._reward(row[2], "review_reward", amount)

    def _pass(self, row: Event, rules: Rules) -> None:
        self._reward(row[2], "review_reward", rules.passing_reward_for(*self._purchase(row, rules)))

    def _purchase(self, row: Event, rules: Rules) -> tuple[int, int, int]:
        """(cents paid, what buying brought, what reviews brought before) of the purchase a review comes out of."""
        bought = rules.purchase_reward(row[4], row[5])
        return row[4], bought, min(row[6] * rules.review_reward, rules.reviews_reward(row[4], bought))

    def _withdrawal(self, row: Event, _rules: Rules) -> None:
        rules, amount, recent, is_teacher = self._today, row[4], row[5], bool(row[6])
        if amount < rules.withdrawal_lowest:
            return self._stop("withdrawal_lowest", amount)
        if amount > rules.withdrawal_highest:
            return self._stop("withdrawal_highest", amount)
        if amount > rules.left_of_day(self._asked):
            return self._stop("withdrawals_daily", amount)
        self._asked += amount
        flags = rules.review_flags(recent, is_teacher)
        needed = rules.admins_needed(recent, flags)
        if needed:
            self._stop("two_admins_above" if needed > 1 else "review_above", amount)
        return None

    def _reward(self, user: int, rule: str, wanted: int) -> None:
        if not wanted:
            return
        room = self._room(user)
        granted = room.granted(wanted)
        self._credit(user, rule, granted)
        if granted < wanted:
            own, everybody = room.own_cap - room.own_before, room.all_cap - room.all_before
            self._stop("user_daily_cap" if own <= everybody else "platform_daily_cap", wanted - granted)
            self.waiting[user, rule] = self.waiting.get((user, rule), 0) + wanted - granted

    def _room(self, user: int) -> Room:
        return self._today.room(self._own[user], self._all)

    def _credit(self, user: int, rule: str, amount: int) -> None:
        self._own[user] += amount
        self._all += amount
        self.cost[rule][self._day] += amount
        self.members[user][0] += amount

    def _stop_review(self, amount: int) -> None:
        if amount:
            self._stop("reviews_per_day", amount)

    def _stop(self, cap: str, amount: int) -> None:
        stopped = self.stopped[cap]
        stopped[0] += 1
        stopped[1] += amount

    def _staked(self, teacher: int, at: int) -> int:
        steps = self._stakes.get(teacher)
        return steps.at(at) if steps else 0


def replay(rows: Iterable[Event], days: int, sides: Sequence[Side], on_day: Callable[[int], object] = lambda day: None) -> int:
    """Let each of the sides take all rows; answers how many there were. `on_day(number)` hears of each day before it begins."""
    count, day = 0, -1
    for row in rows:
        while day < row[0]:
            day += 1
            _begin(day, sides, on_day)
        for side in sides:
            side.take(row)
        count += 1
    for rest in range(day + 1, days):
        _begin(rest, sides, on_day)
    return count


def _begin(day: int, sides: Iterable[Side], on_day: Callable[[int], object]) -> None:
    on_day(day)
    for side in sides:
        side.begin_day(day)
