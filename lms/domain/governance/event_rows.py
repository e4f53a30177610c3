"""What happened on some days, as a replay takes it. Amounts: EUR in cents, TEO in millionths."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

SALE, LESSON, COMPLETION, REVIEW, PASS, WITHDRAWAL = range(6)


class Row(NamedTuple):
    """An event on day number `day` (the first is 0), by a member, under the version it was frozen with. What the five numbers mean depends on the kind:

    SALE: price, discount, basis points of the purchase reward, the teacher, 1 where he took the TEO; `at` in seconds
    LESSON: cents paid, lessons done before, lessons of the course; COMPLETION: cents paid
    REVIEW, PASS: cents the author paid, basis points of his purchase reward, rewards before out of his purchase, reviews of the reviewer before on that day
    WITHDRAWAL: millionths, those of his last days with it, 1 where he asked as a teacher"""

    day: int
    kind: int
    user: int
    version: int
    a: int
    b: int
    c: int
    d: int
    e: int
    at: int


Event = tuple[int, ...]  # a Row as a cursor gives it, without the names


class Steps:
    """What a teacher had staked when: [(seconds, what was added or taken out then)] in the order of time."""

    def __init__(self, changes: Iterable[tuple[int, int]]) -> None:
        self._moments, self._sums, total = [], [], 0
        for moment, change in changes:
            total += change
            self._moments.append(moment)
            self._sums.append(total)

    def at(self, moment: int) -> int:
        place = bisect_right(self._moments, moment)
        return self._sums[place - 1] if place else 0


def granted_before(share: int, done: int, lessons: int) -> int:
    """What the first `done` of so many lessons bring together, where each brings its part of what the others have left of `share`, rounded down."""
    each, odd = divmod(share, lessons)
    return done * each + max(0, done - (lessons - odd))
