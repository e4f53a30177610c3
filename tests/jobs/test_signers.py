"""One signer follows another, and nothing is lost between them."""

import re
from datetime import timedelta

import pytest

from lms import clock, create_app
from lms.chain import transactions
from lms.db import db
from lms.domain.audit.models import Incident
from lms.domain.ledger import queries as books
from lms.domain.onchain.models import Attempt, Operation
from lms.jobs import chain, node, settlement, stuck_transactions, wallets
from lms.jobs.lanes import Lane
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, credit
from tests.jobs.conftest import forget, with_gas
from tests.receipts import awaited

CALL = re.compile(r"(grantRole|revokeRole) of (\w+), (\w+): to (0x\w+) data (0x\w+)")


@pytest.fixture
def admin(anvil):
    """The contracts' admin, whose key no server has."""
    return with_gas(anvil, b"\x0a")


@pytest.fixture
def settings(worker_environ, admin, tmp_path):
    """settings("old", "new") are a worker's with the files of these signers."""
    return lambda *names: {**worker_environ, "SIGNER_FILES": ",".join(str(tmp_path / name) for name in names), "TOKEN_ADMIN": admin.address}


@pytest.fixture
def worker(app, anvil, settings):
    """As the other tests' worker, with one signer."""
    fresh = anvil.call("evm_snapshot")
    worker = create_app("cli", settings("old"))
    with worker.app_context():
        for command in ("signer", "deploy"):
            run(worker, command)
        yield worker
    forget(anvil, fresh)


@pytest.fixture
def both(worker, anvil, settings):
    """The app with a second signer that has gas, and no role yet; (app, old address, new address)."""
    both = create_app("cli", settings("old", "new"))
    with both.app_context():
        old, new = run(both, "signer").split()
        anvil.call("anvil_setBalance", new, hex(10**20))
        yield both, old, new


@pytest.fixture
def send(admin, anvil):
    """send(output) sends the calls a command printed, as the admin does, and makes them final; answers how many."""

    def send(output):
        pool, calls = node.pool(), CALL.findall(output)
        for *_, to, data in calls:
            nonce = pool.mined_nonce(admin.address)
            signed = transactions.sign(admin, pool.chain_id, to, bytes.fromhex(data[2:]), nonce, transactions.fees(pool), 200_000)
            assert transactions.broadcast(pool, signed.raw).accepted
            anvil.call("evm_mine")
            assert awaited(pool, signed.tx_hash).succeeded
        anvil.call("anvil_mine", "0x3")
        return len(calls)

    return send


def run(app, *words, fails=None):
    result = app.test_cli_runner().invoke(args=["chain", *words])
    assert (result.exit_code != 0) == (fails is not None), (result.output, result.exception)
    assert fails is None or fails in result.output, result.output
    return result.output


def signers():
    return [operation.signer for operation in db.session.query(Operation).order_by(Operation.id).populate_existing()]


def test_one_signer_follows_another_while_operations_are_on_their_way(ana, bruno, both, anvil, send, blocks_wait, run_jobs, settings, audit):
    app, old, new = both
    run(app, "retire", old, fails="No other signer whose key is here may settle")
    assert send(run(app, "grant", new, fails="The admin of the contracts must send these calls")) == 6
    assert f"{new} may settle" in run(app, "grant", new)
    wallets.sweep()
    run_jobs()
    blocks_wait()
    credit(ana, teo(5), "before")
    settlement.settle()
    chain.submit(db.session.query(Operation).one().id)

    for _ in range(2):
        run(app, "retire", old)
    credit(bruno, teo(7), "after")
    settlement.settle()
    run_jobs()
    assert signers() == [old, new]
    run(app, "revoke", old, fails="1 operations it has signed are not final yet")

    anvil.call("evm_setAutomine", True)
    anvil.call("anvil_mine", "0x4")
    for _ in range(2):
        enqueue("stuck_transactions.sweep")
        run_jobs()
        anvil.call("anvil_mine", "0x3")
    assert send(run(app, "revoke", old, fails="The admin of the contracts must send these calls")) == 6
    assert "may do nothing any more" in run(app, "revoke", old)

    alone = create_app("cli", settings("new"))
    with alone.app_context():
        credit(ana, teo(1), "alone")
        settlement.settle()
        chain.submit(db.session.query(Operation).order_by(Operation.id.desc()).first().id)
        assert signers() == [old, new, new]
        anvil.call("anvil_mine", "0x3")
        stuck_transactions.sweep()
        assert audit() == GREEN


def test_what_waits_in_a_lane_at_the_most_we_pay_is_taken_by_no_other(ana, bruno, both, send, blocks_wait, run_jobs, monkeypatch):
    """The other lane signs what comes next; its holder's next movements wait for the entry that is open."""
    app, old, new = both
    send(run(app, "grant", new, fails="must send"))
    wallets.sweep()
    run_jobs()
    blocks_wait()
    credit(ana, teo(5), "before")
    settlement.settle()
    waiting = db.session.query(Operation).one()
    chain.submit(waiting.id)
    credit(ana, teo(1), "of who waits")
    credit(bruno, teo(7), "of somebody else")
    settlement.settle()
    monkeypatch.setattr(transactions, "MOST_CAP", waiting.attempts[0].cap)
    clock.advance(timedelta(minutes=5))
    pool = node.pool()
    for address in (new, old):
        lane = Lane(pool, node.signer(address))
        lane.take([waiting])
        chain.take_queued(lane)
        lane.bump(waiting) if address == new else stuck_transactions.sweep()
    attempts = [(attempt.operation_id, attempt.signer) for attempt in db.session.query(Attempt).order_by(Attempt.id)]
    after = db.session.query(Operation).order_by(Operation.id.desc()).first()
    assert attempts == [(waiting.id, old), (after.id, new)]
    assert [entry.holder_id for entry in after.entries] == [books.holder_of(bruno.id).id]
    assert db.session.query(Incident.kind).filter_by(kind="fees too high").count() == 1


def test_a_retired_signer_takes_nothing_until_it_is_reinstated(ana, both, send, run_jobs):
    app, old, new = both
    send(run(app, "grant", new, fails="must send"))
    run(app, "retire", old)
    assert [signer.address for signer in node.settlers()] == [new]
    run(app, "retire", new, fails="No other signer")
    assert f"signer {old}" in run(app, "status") and ", retired" in run(app, "status")
    run(app, "retire", old, "--undo")
    assert [signer.address for signer in node.settlers()] == [old, new]


def test_one_that_still_signs_is_not_revoked_but_a_stolen_one_is_at_once(ana, both, send, run_jobs, anvil, audit, blocks_wait):
    """What it had on its way fails for want of the role, and goes again by the other."""
    app, old, new = both
    send(run(app, "grant", new, fails="must send"))
    run(app, "revoke", old, fails="It still signs")
    blocks_wait()
    credit(ana, teo(5), "gift")
    wallets.sweep()
    settlement.settle()
    operation = db.session.query(Operation).one()
    chain.submit(operation.id)
    assert (operation.state, operation.signer) == ("sent", old)
    anvil.call("anvil_dropAllTransactions")
    assert send(run(app, "revoke", old, "--now", fails="must send")) == 6
    run(app, "retire", old)

    anvil.call("evm_setAutomine", True)
    for _ in range(4):
        stuck_transactions.sweep()
        run_jobs()
        anvil.call("anvil_mine", "0x3")
    assert [attempt.signer for attempt in operation.attempts] == [old, new]
    assert (operation.state, audit()) == ("final", GREEN)


def test_what_is_no_address_is_refused(worker):
    assert worker.test_cli_runner().invoke(args=["chain", "grant", "0x12"]).exit_code == 2
