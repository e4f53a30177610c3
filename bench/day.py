"""A day of the school, settled every ten minutes, every hour, and once: what an event costs, against one mint for each.

1,000 students, 20 events each, drawn by a seed. An event is what a page shows as a movement: mostly a lesson's reward; a
discount reserved and then spent; a stake, which moves nothing between holders; a refund, which brings a discount back. Every
event happens at a moment of its own, anywhere in the 24 hours: students who sit down and learn for an hour would leave more
to be netted, so that a real day costs less than this one. All students hold tokens already, which is the dearer side of the
comparison: a slot that is written for the first time costs both the same 17,100 more.

A settlement brings each holder's net of an interval: a mint, a burn he signs, or nothing. All batches really run on the node,
and what they cost is their receipts' gas. The other side is OpenZeppelin's mint to an existing holder, measured in the same
run, once for each event.
"""

import random
from collections import Counter
from dataclasses import dataclass

from bench.chain import key, signed
from bench.measure import Figure
from lms.chain.contracts import MAX_ENTRIES

STUDENTS, EVENTS = 1_000, 20
SEED = 3
DAY = 24 * 60 * 60
TEO = 1_000_000
HELD = 1_000 * TEO  # each at the day's begin: enough for any day's discounts

# How many of a student's events, what each does to his total, and the least and most of it in TEO
KINDS = {
    "lesson": (13, 1, 1, 3),
    "stake": (2, 0, 1, 50),
    "discount reserved": (2, 0, 5, 20),
    "discount spent": (2, -1, 5, 20),
    "refund": (1, 1, 5, 20),
}
INTERVALS = {"10min": (10 * 60, 0.25), "hourly": (60 * 60, 0.20), "daily": (DAY, 0.02)}


@dataclass(frozen=True)
class Event:
    at: int  # seconds of the day
    student: int
    change: int  # of his total, in millionths of a TEO


def figures(lab, plain_mint):
    """`plain_mint` is the gas of one mint to an existing holder by the token it is compared with."""
    events = day(random.Random(SEED))
    students = [key(f"student {number}") for number in range(STUDENTS)]
    return [
        _row(f"gas.per_reward.{name}.ratio", _gas(lab, students, settlements(events, seconds)) / len(events), plain_mint, target)
        for name, (seconds, target) in INTERVALS.items()
    ]


def day(draw):
    """The day's events in their order."""
    events = [
        Event(draw.randrange(DAY), student, sign * draw.randint(least * TEO, most * TEO))
        for student in range(STUDENTS)
        for count, sign, least, most in KINDS.values()
        for _ in range(count)
    ]
    return sorted(events, key=lambda event: event.at)


def settlements(events, seconds):
    """The batches of the day, each a list of (student, net): interval by interval every holder's net, in batches the
    contract takes. A net of zero is an empty entry, which is never sent."""
    nets = {}
    for event in events:
        nets.setdefault(event.at // seconds, Counter())[event.student] += event.change
    return [
        batch
        for interval in sorted(nets)
        for batch in _batches([(student, net) for student, net in nets[interval].items() if net])
    ]


def _batches(entries):
    return [entries[start : start + MAX_ENTRIES] for start in range(0, len(entries), MAX_ENTRIES)]


def _gas(lab, students, batches):
    """What these batches cost, on a token of their own that each student holds."""
    token = lab.token()
    opening = _batches([(student.address, HELD) for student in students])
    for op, mints in enumerate(opening, 1):
        lab.settle(token, op, mints)
    return sum(_settle(lab, token, op, students, batch) for op, batch in enumerate(batches, len(opening) + 1))


def _settle(lab, token, op, students, batch):
    mints = [(students[student].address, net) for student, net in batch if net > 0]
    burns = signed(token, op, [(students[student], -net) for student, net in batch if net < 0])
    return lab.settle(token, op, mints, burns)


def _row(name, gas, plain_mint, target):
    return Figure(name, gas, "gas", target, against=plain_mint, ratio=gas / plain_mint)
