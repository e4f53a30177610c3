"""What the gas rows are held against, and the day they settle. The gas itself is for `make bench`."""

import random
from collections import Counter

from bench import day
from bench.day import EVENTS, STUDENTS, TEO, Event, settlements
from bench.floor import EXISTING, FRESH, TRANSFER, calldata, per_recipient
from lms.chain.contracts import MAX_ENTRIES


def test_the_floor_is_slot_log_bytes_and_a_share_of_the_rest():
    entry = b"\x01" * 24 + bytes(8)
    assert calldata(entry) == 24 * 16 + 8 * 4
    assert TRANSFER == 1_756
    assert per_recipient(200 * (FRESH + TRANSFER), [entry] * 200) == 22_100 + 1_756 + 416 + 28_100 / 200
    assert per_recipient(EXISTING + TRANSFER, [entry]) == 5_000 + 1_756 + 416 + 28_100


def test_a_holder_has_one_net_an_interval_and_none_when_it_is_zero():
    events = [Event(0, 1, 5), Event(599, 1, -7), Event(600, 1, 4), Event(10, 2, 3), Event(20, 2, -3)]
    assert settlements(events, 600) == [[(1, -2)], [(1, 4)]]


def test_a_batch_holds_what_the_contract_takes():
    batches = settlements([Event(0, student, 1) for student in range(450)], 600)
    assert [len(batch) for batch in batches] == [MAX_ENTRIES, MAX_ENTRIES, 50]


def test_every_schedule_brings_the_whole_day():
    events = day.day(random.Random(1))
    assert len(events) == STUDENTS * EVENTS
    totals = Counter()
    for event in events:
        totals[event.student] += event.change
    for seconds, _ in day.INTERVALS.values():
        brought = Counter()
        for student, net in (entry for batch in settlements(events, seconds) for entry in batch):
            brought[student] += net
        assert {student: net for student, net in brought.items() if net} == {student: net for student, net in totals.items() if net}


def test_nobody_can_spend_more_than_he_holds():
    spent = Counter()
    for event in day.day(random.Random(1)):
        spent[event.student] += max(0, -event.change)
    assert 0 < max(spent.values()) <= day.HELD
    assert TEO == 1_000_000
