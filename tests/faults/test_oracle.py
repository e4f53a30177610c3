"""The oracle finds what is planted into a world at rest, and says it."""

import psycopg
import pytest

from tests.faults.oracle import SMALL
from tests.faults.world import OUTSIDE, THIEF

CREDIT = [("credit", "issuance", "ana:available", 5), ("gift", "issuance", "bruno:available", 7)]


@pytest.fixture(scope="module")
def kept(world):
    """Two members' credits on the chain, all final, and a copy of the database."""
    world.reset()
    world.post(CREDIT)
    world.work()
    world.calm()
    world.copy("settled")
    return world


def as_it_was(world, name):
    world.restore(name)
    world.is_restored = False  # it has lost nothing
    return world


def plant(world, *statements):
    with psycopg.connect(world.database) as connection:
        for statement in ("SET session_replication_role = replica", *statements):
            connection.execute(statement)


@pytest.fixture
def settled(kept):
    return as_it_was(kept, "settled")


def test_a_world_at_rest_is_right(settled):
    assert settled.violations() == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE accounts SET balance = balance + 1 WHERE name = 'outside'", "its transfers make 0"),
        ("UPDATE entries SET amount = amount + 1 WHERE amount = 5", "its legs make 5"),
        ("UPDATE transfers SET target_entry_id = NULL WHERE key = 'credit'", "no entry covers it"),
        ("UPDATE transfers SET target_holder_id = NULL WHERE key = 'credit'", "its row names None"),
        ("UPDATE transfers SET target_entry_id = 1 WHERE key = 'credit'", "is covered by an entry of holder"),
        ("DELETE FROM transfers WHERE key = 'credit'", "credit of 5 was acknowledged, the rows have None"),
        ("UPDATE signers SET next_nonce = next_nonce + 1", "its rows are"),
        ("UPDATE operations SET op = 99 WHERE op = 2", "is on the chain and in no row"),
        ("UPDATE attempts SET tx_hash = '0x'", "is on the chain and in no row"),
        ("UPDATE attempts SET nonce = 1, signer = (SELECT min(address) FROM signers)", "was signed for operations"),
        ("UPDATE operations SET state = 'sent' WHERE op = 2", "is sent"),
        ("UPDATE operations SET block_hash = '0x' WHERE op = 2", "its block does not hold it"),
        ("UPDATE solvency_trees SET total = total + 1", "its leaves make"),
        ("UPDATE solvency_trees SET root = sha256(root)", "its tree says"),
        ("DELETE FROM solvency_trees", "its tree says None"),
        (
            "UPDATE operations SET key = 'recovered:' || key WHERE kind = 'settle'; UPDATE transfers SET reason = 'recovered' WHERE key = 'credit'",
            "was issued 5 by recoveries, and 0 that he was to get are lost",
        ),
        ("INSERT INTO switches (name, reason, at) VALUES ('settlement', 'a test', now())", "stands still: a test"),
    ],
)
def test_a_planted_fault_is_told(settled, fault, said):
    plant(settled, "ALTER TABLE attempts DROP CONSTRAINT uq_attempts_tx_hash", fault)
    assert said in " ".join(settled.violations())


def test_what_comes_to_an_address_and_is_in_no_row_is_told(settled):
    settled.rob(settled.address("ana"))
    assert "from outside came" in " ".join(settled.violations())


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


@pytest.fixture(scope="module")
def certified_once(world):
    """Two members' certificates, one of whom has had his key replaced since; all final."""
    world.reset()
    world.certify([("ana", "algebra"), ("bruno", "botany")])
    world.calm()
    world.replace_key("bruno")
    world.calm()
    world.copy("certified")
    return world


@pytest.fixture
def certified(certified_once):
    return as_it_was(certified_once, "certified")


def test_certificates_of_a_batch_are_right(certified):
    assert certified.violations() == []
    with psycopg.connect(certified.database) as connection:
        rows = connection.execute("SELECT state, count(*) FROM certificates JOIN operations o ON o.id = operation_id GROUP BY 1")
        assert rows.fetchall() == [("final", 2)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("DELETE FROM certificates WHERE id = 1", "1 times, its row is None"),
        ("DELETE FROM certificates WHERE id = 1", "certificate:ana:algebra of 1 was acknowledged"),
        ("UPDATE certificates SET digest = sha256(digest) WHERE id = 1", "is called final, and the chain has none"),
        ("UPDATE certificates SET address = 'nowhere' WHERE id = 1", "1 times, its row is Row"),
        ("UPDATE certificates SET holder_id = (SELECT max(id) FROM holders) WHERE id = 1", "1 times, its row is Row"),
        ("UPDATE certificates SET operation_id = NULL, address = NULL WHERE id = 1", "certificate 1 is in no batch"),
        ("UPDATE operations SET payload = '{\"entries\": []}' WHERE kind = 'certificates'", ", its row says []"),
        ("UPDATE operations SET op = 99 WHERE kind = 'certificates'", "is on the chain and in no row"),
        ("UPDATE operations SET state = 'failed' WHERE kind = 'certificates'", "is called failed, and the chain did it"),
        ("UPDATE operations SET kind = 'settle' WHERE kind = 'certificates'", "its block does not hold it"),
    ],
)
def test_a_planted_fault_about_a_certificate_is_told(certified, fault, said):
    plant(certified, fault)
    assert said in " ".join(certified.violations())


def test_a_world_is_not_at_rest_while_a_certificate_waits(certified):
    plant(certified, "UPDATE certificates SET operation_id = NULL, address = NULL WHERE id = 1")
    assert not certified.is_quiet()


def test_a_world_is_not_at_rest_while_something_must_move(moved):
    plant(moved, "UPDATE wallets SET must_move = true WHERE replaced_at IS NOT NULL")
    assert not moved.is_quiet()
