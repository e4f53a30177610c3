"""The motifs of a schedule are really played out, and break nothing."""

import random

import pytest

from tests.faults import schedule
from tests.faults.faults import FAULTS
from tests.faults.scenes import ask, played
from tests.faults.world import OUTSIDE


@pytest.mark.parametrize("name", ["refund, deposit, credit", "release refused", "nonce taken", "voided and reorganised"])
def test_an_interleaving_that_the_protocol_names_breaks_nothing(world, name):
    played(world, name)
    assert world.violations() == []


def test_a_settlement_that_a_pause_refused_goes_again_under_its_number(world):
    """Whichever lane the pause comes from: from the same one it pushes the settlement aside, from another it is mined before it."""
    reverted = []
    for seed in range(2):
        world.reset()
        FAULTS["contract paused"](world, random.Random(seed))
        assert world.strangers.is_paused()
        world.calm()
        assert world.violations() == []
        reverted += ask(world, "SELECT o.state, count(*) FROM operation_events e JOIN operations o ON o.id = e.operation_id JOIN attempts a ON a.operation_id = o.id WHERE e.why LIKE 'reverted in block%' GROUP BY o.id")
    assert reverted and set(reverted) == {("final", 2)}


def test_what_was_queued_and_not_signed_when_its_member_was_suspended_is_given_back(world):
    played(world, "suspended while it leaves", seed=2)
    assert world.violations() == []
    assert ask(world, "SELECT split_part(key, ':', 3), state FROM withdrawals ORDER BY id") == [("first", "failed"), ("second", "approved")]


def test_who_is_let_in_again_gets_what_waited(world):
    played(world, "suspended while it leaves", seed=9)
    assert world.violations() == []
    assert ask(world, "SELECT state FROM withdrawals") == [("sent",)] * 2


def test_a_number_that_certificates_had_before_a_database_was_restored_mints_nothing_twice(world):
    """The lanes were let go on: only that the number is used, by another contract, shows that the database is an older one."""
    played(world, "restored and not told")
    assert world.violations() == []
    met = "SELECT o.kind FROM incidents i JOIN operations o ON CAST(o.op AS text) = i.subject WHERE i.kind = 'not our entries' ORDER BY i.id"
    assert ask(world, met) == [("settle",), ("certificates",)]


@pytest.mark.parametrize("seed", range(1, 101))
def test_a_schedule_has_one_to_six_faults_and_keeps_to_its_rules(seed):
    drawn, out = schedule.draw(seed), set()
    assert 1 <= len(drawn.names) <= 6
    assert 20 <= drawn.operations <= 200
    for act in drawn.acts:
        out = (out - {act.let_in}) | {act.suspended}
        assert not [move for move in act.moves if "@" in move[2] and move[1] != OUTSIDE and move[1].partition(":")[0] in out]
    assert not out & set(schedule.RELIED_ON)
