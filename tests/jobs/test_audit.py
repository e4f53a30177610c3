"""The audit finds also what neither a kept balance nor a holder's total shows."""

import pytest
from sqlalchemy import text

from lms.chain import transactions
from lms.db import db, transaction
from lms.jobs import node
from lms.queue import enqueue
from tests.conftest import sell, teo
from tests.receipts import mined

NOBODYS = "0x" + "99" * 20


@pytest.fixture
def sold(ana, course):
    return sell(ana, course)


@pytest.fixture
def counts(sold, worker, run_jobs):
    """counts() is the audit's row, without its zeros; the sale's reward has come on the chain before."""
    enqueue("wallets.sweep")
    run_jobs()

    def row():
        lines = worker.test_cli_runner().invoke(args=["audit"]).output.splitlines()[:6]
        return {name: int(count) for name, count in map(str.split, lines) if count != "0"}

    return row


def test_it_finds_a_transfer_across_assets(counts):
    assert counts() == {}
    with transaction():
        db.session.execute(text("UPDATE transfers SET asset = 'EUR' WHERE reason = 'purchase'"))
    assert counts() == {"unbalanced_assets": 1}


def test_it_finds_a_mint_to_an_address_of_nobody_here(counts):
    assert counts() == {}
    _settle(999, [(NOBODYS, teo(1))])
    assert counts() == {"supply_unexplained": teo(1)}


def _settle(op, mints):
    """As the stolen signer's key could: past the ledger."""
    token, signer, pool = node.token(), node.signers()[0], node.pool()
    data, nonce = token.settle_data(op, mints, []), pool.mined_nonce(signer.address)
    signed = transactions.sign(signer, pool.chain_id, token.address, data, nonce, transactions.fees(pool), 500_000)
    mined(pool, signed)
