"""What a draft would have done beside what the rules in force did: replayed from the same events, as one table of numbers."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache

from lms.db import Facts
from lms.domain.governance import events
from lms.domain.governance.replay import CAPS, EUR_RULE, TEO_RULES, Side, replay
from lms.domain.rulebook import queries as versions
from lms.domain.rulebook.amounts import MICRO, MICRO_PER_CENT
from lms.domain.rulebook.rules import Rules

MOST_MEMBERS = 1000  # of those with a difference, the largest
BOUNDS = (1, 10, 100)  # TEO: a difference of so much is of the next size


def of(rules: Rules, first: datetime, days: int, on_day: Callable[[int], object] = lambda day: None) -> Facts:
    """As JSON, `first` being the midnight UTC with which the first of so many days begins. In lists of two the rules in force come first, then the draft.

    days: [their dates]; versions: the numbers in force on them; events: how many were replayed; cost: {rule: ([of each day], [of each day])}, of `tiers` in
    cents, of the others in millionths; members: {gain, lose, same: how many, sizes: how many of each size from the
    greatest loss over none to the greatest gain, largest: [[id, TEO, TEO, cents, cents]]}; stopped: {cap: [[count, TEO],
    [count, TEO]]}; waiting: TEO still deferred at the end; ledger: what the ledger says of the rewards of these days."""
    dates = [(first + timedelta(days=number)).date() for number in range(days)]
    held = versions.in_force_at([first + timedelta(days=number) for number in range(days)])
    in_force, stakes = list(held.values()), events.stakes()
    before, draft = Side(cache(versions.version), in_force, stakes), Side(lambda _version: rules, [rules] * days, stakes)
    with events.reading(first, first + timedelta(days=days)) as rows:
        count = replay(rows, days, (before, draft), on_day)
    return dict(
        days=[date.isoformat() for date in dates],
        versions=sorted({each.number for each in in_force}),
        events=count,
        cost={rule: [before.cost[rule], draft.cost[rule]] for rule in (*TEO_RULES, EUR_RULE)},
        members=_members(before.members, draft.members),
        stopped={cap: [before.stopped[cap], draft.stopped[cap]] for cap in CAPS},
        waiting=[sum(before.waiting.values()), sum(draft.waiting.values())],
        ledger=events.rewarded(dates[0], dates[-1]),
    )


def worth(teo: int, cents: int) -> int:
    """Of TEO and euros together, in millionths: 1 EUR counts as 1 TEO."""
    return teo + cents * MICRO_PER_CENT


def size(difference: int) -> int:
    """Its place among the sizes: by BOUNDS, as much below the middle for a loss as above it for a gain."""
    reach = bisect_right(BOUNDS, abs(difference) // MICRO) + 1
    return len(BOUNDS) + 1 + ((difference > 0) - (difference < 0)) * reach


def _members(before: Mapping[int, list[int]], draft: Mapping[int, list[int]]) -> Facts:
    nothing, differences, sizes = [0, 0], [], [0] * (2 * len(BOUNDS) + 3)
    for user in before.keys() | draft.keys():
        (teo, cents), (new_teo, new_cents) = before.get(user, nothing), draft.get(user, nothing)
        difference = worth(new_teo - teo, new_cents - cents)
        sizes[size(difference)] += 1
        if difference:
            differences.append((difference, user, teo, new_teo, cents, new_cents))
    gain = sum(difference > 0 for difference, *_ in differences)
    differences.sort(key=lambda line: (-abs(line[0]), line[1]))
    largest = [list(line[1:]) for line in differences[:MOST_MEMBERS]]
    return dict(gain=gain, lose=len(differences) - gain, same=sizes[size(0)], sizes=sizes, largest=largest)
