"""A debt is really played out, and the oracle finds what is planted into what it leaves."""

import pytest

from tests.faults.scenes import as_it_was, ask, plant, played


@pytest.fixture(scope="module")
def owed_once(world):
    played(world, "refund after it was spent").copy("owed")
    return world


@pytest.fixture
def owed(owed_once):
    return as_it_was(owed_once, "owed")


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
