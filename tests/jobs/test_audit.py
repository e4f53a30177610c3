"""The audit finds also what neither a kept balance nor a holder's total shows."""

import pytest
from sqlalchemy import delete, text

from lms import clock
from lms.chain import transactions
from lms.db import db, transaction
from lms.domain.audit import log
from lms.domain.audit.models import LogEntry
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


def test_the_command_names_the_row_and_knows_a_head_it_said_before(worker, ada):
    run = worker.test_cli_runner().invoke
    for number in range(4):
        with transaction():
            log.record("part stopped", f"part {number}", ada)
    said = run(args=["audit", "log"])
    kept = said.output.split()[-1]
    assert said.exit_code == 0 and said.output.startswith("4 rows, none was altered") and kept == f"4:{log.head().hash}"
    assert run(args=["audit", "log", "--kept", kept]).exit_code == 0
    with transaction():
        db.session.execute(delete(LogEntry).where(LogEntry.number == 4))
    cut = run(args=["audit", "log", "--kept", kept])
    assert (cut.exit_code, cut.output) == (1, "row 4 of the audit log is not as it was written, or it is gone\n")
    assert run(args=["audit", "log", "--kept", "nonsense"]).exit_code == 2
    with transaction():
        db.session.add(LogEntry(at=clock.now(), action="role changed", subject="member 1", number=0, hash=log.GENESIS))
    forged = run(args=["audit", "log"])
    assert (forged.exit_code, forged.output) == (1, "row 0 of the audit log is not as it was written, or it is gone\n")
