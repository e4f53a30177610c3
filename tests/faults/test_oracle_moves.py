"""The oracle finds what is planted into a world where a replaced key's tokens were moved, and says it."""

import psycopg
import pytest

from tests.faults.oracle import SMALL
from tests.faults.scenes import CREDIT, as_it_was, plant
from tests.faults.world import OUTSIDE, THIEF


@pytest.fixture(scope="module")
def moved_once(world):
    """A key that was replaced, its tokens moved, a deposit to the old address credited and moved after them; all final."""
    world.reset()
    world.post([*CREDIT, ("more", "issuance", "bruno:available", 3 * SMALL), ("out", "bruno:available", OUTSIDE, 3 * SMALL)])
    world.calm()
    world.replace_key("ana")
    world.calm()
    world.post([("back", OUTSIDE, "ana@before", SMALL)])
    world.calm()
    world.copy("moved")
    return world


@pytest.fixture
def moved(moved_once):
    return as_it_was(moved_once, "moved")


def test_moves_of_a_replaced_key_are_right(moved):
    assert moved.violations() == []
    with psycopg.connect(moved.database) as connection:
        rows = connection.execute("SELECT e.amount, o.state FROM entries e JOIN operations o ON o.id = operation_id WHERE e.kind = 'move' ORDER BY e.id")
        assert rows.fetchall() == [(5, "final"), (SMALL, "final")]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE entries SET amount = amount + 1 WHERE kind = 'move' AND amount = 5", ", its entries are"),
        ("UPDATE entries SET kind = 'release' WHERE kind = 'move' AND amount = 5", "(release) says -5, its legs make 0"),
        ("UPDATE transfers SET target_entry_id = (SELECT min(id) FROM entries WHERE kind = 'move') WHERE key = 'credit'", "(move) says 0, its legs make 5"),
        ("DELETE FROM entries WHERE kind = 'move' AND amount = 5", ", its entries are []"),
        ("UPDATE operations SET kind = 'release' WHERE kind = 'move'", "from outside came"),
        ('UPDATE operations SET payload = \'{"to": "0x"}\' WHERE kind = \'move\'', "moved what stood at"),
        ("DROP INDEX uq_wallets_in_use; UPDATE wallets SET replaced_at = NULL", "moved what stood at"),
        ("UPDATE wallets SET holder_id = (SELECT min(holder_id) FROM wallets) WHERE replaced_at IS NOT NULL", "moved what stood at"),
        ("DELETE FROM wallets WHERE replaced_at IS NOT NULL", "moved what stood at"),
        ("UPDATE deposits SET address = (SELECT address FROM wallets w WHERE w.holder_id = deposits.holder_id AND replaced_at IS NULL)", "from outside came"),
        (f"UPDATE withdrawals SET \"to\" = '{THIEF}'", "released to"),
        ("UPDATE wallets SET replaced_at = now() WHERE holder_id = (SELECT holder_id FROM deposits)", "stand at the replaced address"),
    ],
)
def test_a_planted_fault_about_a_move_is_told(moved, fault, said):
    plant(moved, fault)
    assert said in " ".join(moved.violations())


def test_a_world_is_not_at_rest_while_something_must_move(moved):
    plant(moved, "UPDATE wallets SET must_move = true WHERE replaced_at IS NOT NULL")
    assert not moved.is_quiet()
