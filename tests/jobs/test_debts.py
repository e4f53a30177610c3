"""A debt on its way to the chain: what was issued against it is burned when it is repaid."""

import pytest

from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.onchain.models import Operation
from lms.domain.wallet import queries as wallets
from lms.jobs import deposits
from tests.conftest import teo
from tests.jobs.acts import GREEN, ask, credit, holdings


@pytest.fixture
def holding(rich, stranger, flow):
    """A stranger, with 45 of the 50 TEO that Ana had, who is then asked for 20."""
    ask(rich, 45, to=stranger.address)
    flow()
    with transaction():
        debts.take_back("refund", [part(rich, "available")], books.platform("TEO", "issuance"), teo(20), "refund", evidence={"by": "test"})
    flow()
    return stranger


def part(user, name):
    return books.member(user.id, "TEO", name)


def stands(user):
    """(available, debt, what the address holds)"""
    return part(user, "available").balance, part(user, "debt").balance, holdings(wallets.wallet_of(user.id).address)


def test_what_a_refund_cannot_take_leaves_the_audit_at_zero(rich, holding, audit):
    assert (stands(rich), audit()) == ((0, -teo(15), 0), GREEN)


def test_a_reward_that_repays_with_all_it_is_costs_no_operation(rich, holding, flow, audit):
    before = db.session.query(Operation).count()
    credit(rich, teo(10), "more")
    flow()
    assert (stands(rich), audit()) == ((0, -teo(5), 0), GREEN)
    assert db.session.query(Operation).count() == before


def test_a_reward_is_minted_less_what_it_repaid(rich, holding, flow, audit):
    credit(rich, teo(18), "more")
    flow()
    assert (stands(rich), audit()) == ((teo(3), 0, teo(3)), GREEN)


def test_a_deposit_is_credited_whole_and_what_it_repaid_is_burned(rich, holding, pay_in, flow, audit):
    pay_in(rich, teo(25))
    deposits.scan()
    assert (stands(rich), audit().partition(",")[0]) == ((teo(10), 0, teo(25)), "differences 0")
    flow()
    assert (stands(rich), audit()) == ((teo(10), 0, teo(10)), GREEN)


def test_a_withdrawal_that_is_given_back_repays(rich, holding, worker, flow, audit):
    credit(rich, teo(45), "more")
    flow()
    withdrawal = ask(rich, 30, key="w2")
    from lms.jobs import settlement

    settlement.settle()
    with transaction():
        ledger.post("owed", part(rich, "debt"), books.platform("TEO", "issuance"), teo(4), "refund", evidence={"by": "test"})
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(withdrawal.operation_id)])
    assert result.exit_code == 0, result.output
    flow()
    assert (withdrawal.state, stands(rich), audit()) == ("failed", (teo(26), 0, teo(26)), GREEN)
