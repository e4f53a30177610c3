"""What the gas rows are held against, and the day they settle. The gas itself is for `make bench`."""

import random
from collections import Counter

import pytest

from bench import day, gas
from bench.day import EVENTS, STUDENTS, TEO, Event, settlements
from bench.floor import EXISTING, FRESH, TRANSFER, calldata, per_recipient
from lms.chain.contracts import MAX_ENTRIES


def test_the_floor_is_slot_log_bytes_and_a_share_of_the_rest():
    entry = b"\x01" * 24 + bytes(8)
    assert calldata(entry) == 24 * 16 + 8 * 4
    assert TRANSFER == 1_756
    assert per_recipient(200 * (FRESH + TRANSFER), [entry] * 200) == 22_100 + 1_756 + 416 + 28_100 / 200
    assert per_recipient(EXISTING + TRANSFER, [entry]) == 5_000 + 1_756 + 416 + 28_100


@pytest.fixture
def rows(monkeypatch):
    """What the gas rows say of settlements at twice the floor, and of OpenZeppelin's mints of 50,000 to a fresh holder and 30,000 to another."""
    monkeypatch.setattr(gas, "_batches", lambda lab, size: [(2.0 * floor, floor) for floor in (20_000, 8_000, 10_000, 9_000)])
    return {figure.name: figure for figure in gas._settlements(None, 50_000, 30_000)}


def test_beside_each_row_stands_the_same_gas_against_a_plain_mint(rows):
    held = [name for name in rows if ".plain." not in name]
    assert len(held) == 5
    for name in held:
        plain = rows[name.replace(".ratio", ".plain.ratio")]
        assert plain.value == rows[name].value
        assert plain.against == (50_000 if "fresh" in name else 30_000)
        assert (rows[name].ratio, plain.ratio) == (2, plain.value / plain.against)


def test_a_batch_has_a_target_against_the_plain_mint_where_the_platform_promises_one(rows):
    promised = {name: figure.target for name, figure in rows.items() if ".plain." in name and figure.target}
    assert promised == {"gas.settle.200.fresh.plain.ratio": 0.5, "gas.settle.200.existing.plain.ratio": 0.25}


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
