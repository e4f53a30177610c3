"""Debts, suspensions and a paused contract are really played out, and the oracle finds what is planted into what they leave."""

import random

import psycopg
import pytest

from tests.faults import schedule
from tests.faults.faults import FAULTS
from tests.faults.motifs import MOTIFS
from tests.faults.test_oracle import plant
from tests.faults.world import OUTSIDE


def played(world, name, seed=1):
    world.reset()
    MOTIFS[name](world, random.Random(seed))
    world.calm()
    return world


@pytest.mark.parametrize("name", ["refund, deposit, credit", "release refused", "nonce taken", "voided and reorganised"])
def test_an_interleaving_that_the_protocol_names_breaks_nothing(world, name):
    played(world, name)
    assert world.violations() == []


def ask(world, statement):
    with psycopg.connect(world.database) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def owed_once(world):
    played(world, "refund after it was spent").copy("owed")
    return world


@pytest.fixture
def owed(owed_once):
    owed_once.restore("owed")
    owed_once.is_restored = False  # it has lost nothing
    return owed_once


def test_what_a_refund_could_not_take_is_repaid_by_what_comes_next(owed):
    assert owed.violations() == []
    assert ask(owed, "SELECT reason, sum(amount) FROM transfers WHERE reason IN ('refund', 'repaid') GROUP BY reason ORDER BY 1") == [("refund", 3_000_000), ("repaid", 2_000_000)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("DELETE FROM transfers WHERE reason = 'repaid'", "repaid 0, and 2000000 were owed"),
        ("UPDATE transfers SET amount = amount - 1 WHERE key LIKE '%:refund:available'", "made a debt of 2000000 and left {'maturing': 0, 'available': 1}"),
        ("DELETE FROM transfers WHERE key LIKE '%:refund:debt'", "refund of 3000000 was acknowledged, the rows have 1000000"),
        ("UPDATE accounts SET balance = balance - 7 WHERE name = 'debt' AND user_id IN (SELECT id FROM users WHERE name LIKE 'Guest%')", "issued"),
    ],
)
def test_a_planted_fault_about_a_debt_is_told(owed, fault, said):
    plant(owed, fault)
    assert said in " ".join(owed.violations())


@pytest.fixture(scope="module")
def suspended_once(world):
    played(world, "suspended while it leaves", seed=5)
    world.marks = dict(world.suspended)
    world.copy("suspended")
    return world


@pytest.fixture
def suspended(suspended_once):
    """One who was not let in again; his first withdrawal was on its way by then."""
    suspended_once.restore("suspended")
    suspended_once.is_restored, suspended_once.suspended = False, dict(suspended_once.marks)
    return suspended_once


def test_who_is_suspended_is_settled_and_gets_what_was_signed_and_nothing_else(suspended):
    assert suspended.violations() == []
    assert suspended.is_quiet()
    assert ask(suspended, "SELECT split_part(key, ':', 3), state FROM withdrawals ORDER BY id") == [("first", "sent"), ("second", "approved")]
    assert ask(suspended, "SELECT o.state FROM transfers t JOIN entries e ON e.id = t.target_entry_id JOIN operations o ON o.id = e.operation_id WHERE t.key LIKE '%:lesson'") == [("final",)]


def test_a_release_signed_for_who_is_suspended_is_told(suspended):
    suspended.suspended = dict.fromkeys(suspended.suspended, 0)  # as if it had been before
    assert "was signed after its member was suspended" in " ".join(suspended.violations())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE users SET suspended_at = NULL", "was suspended and is let in"),
        ("UPDATE operations SET error = 'the member was suspended before it was signed' WHERE kind = 'release'", "was signed, and is given back"),
    ],
)
def test_a_planted_fault_about_a_suspension_is_told(suspended, fault, said):
    plant(suspended, fault)
    assert said in " ".join(suspended.violations())


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
