"""The oracle finds what is planted into a world at rest, and says it."""

import pytest

from tests.faults.scenes import CREDIT, as_it_was, plant


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


@pytest.fixture
def robbed(settled):
    """Ana's tokens are gone, and afterwards the chain is as it was."""
    before = settled.anvil.call("evm_snapshot")
    settled.rob(settled.address("ana"))
    yield settled
    settled.anvil.call("evm_revert", before)
    settled.is_robbed = False
    settled.stand()


def test_what_comes_to_an_address_and_is_in_no_row_is_told(robbed):
    assert "from outside came" in " ".join(robbed.violations())
