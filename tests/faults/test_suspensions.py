"""A suspension is really played out, and the oracle finds what is planted into what it leaves."""

import pytest

from tests.faults.scenes import as_it_was, ask, plant, played


@pytest.fixture(scope="module")
def suspended_once(world):
    played(world, "suspended while it leaves", seed=5)
    world.marks = dict(world.suspended)
    world.copy("suspended")
    return world


@pytest.fixture
def suspended(suspended_once):
    """One who was not let in again; his first withdrawal was on its way by then."""
    as_it_was(suspended_once, "suspended").suspended = dict(suspended_once.marks)
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
