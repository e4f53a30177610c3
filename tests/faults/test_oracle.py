"""The oracle finds what is planted into a world at rest, and says it."""

import psycopg
import pytest

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


@pytest.fixture
def settled(kept):
    kept.restore("settled")
    kept.is_restored = False  # it has lost nothing
    return kept


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
        ("DELETE FROM transfers WHERE key = 'credit'", "transfer credit of 5 was acknowledged, the ledger has None"),
        ("UPDATE signers SET next_nonce = next_nonce + 1", "its rows are"),
        ("UPDATE operations SET op = 99 WHERE op = 2", "is on the chain and in no row"),
        ("UPDATE attempts SET tx_hash = '0x'", "is on the chain and in no row"),
        ("UPDATE attempts SET nonce = 1, signer = (SELECT min(address) FROM signers)", "was signed for operations"),
        ("UPDATE operations SET state = 'sent' WHERE op = 2", "is sent"),
        ("UPDATE operations SET block_hash = '0x' WHERE op = 2", "its block does not hold it"),
        ("UPDATE solvency_trees SET total = total + 1", "its leaves make"),
        ("UPDATE solvency_trees SET root = sha256(root)", "its tree says"),
        ("DELETE FROM solvency_trees", "its tree says None"),
        ("INSERT INTO switches (name, reason, at) VALUES ('settlement', 'a test', now())", "stands still: a test"),
    ],
)
def test_a_planted_fault_is_told(settled, fault, said):
    with psycopg.connect(settled.database) as connection:
        connection.execute("SET session_replication_role = replica; ")
        connection.execute("ALTER TABLE attempts DROP CONSTRAINT uq_attempts_tx_hash")
        connection.execute(fault)
    assert said in " ".join(settled.violations())


def test_what_comes_to_an_address_and_is_in_no_row_is_told(settled):
    settled.rob(settled.address("ana"))
    assert "from outside came" in " ".join(settled.violations())
