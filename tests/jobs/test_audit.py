"""The audit finds also what neither a kept balance nor a holder's total shows."""

from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import delete, text

from lms import clock
from lms.chain import transactions
from lms.db import db, transaction
from lms.domain.audit import actions, log
from lms.domain.audit.models import Incident, LogEntry
from lms.jobs import node, schedule
from lms.jobs.audit import check
from lms.queue import enqueue, queue
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
        by_hand = LogEntry(at=clock.now(), action="role changed", subject="member 1")
        db.session.add(by_hand)
    stray = run(args=["audit", "log"])
    assert (stray.exit_code, stray.output) == (1, "1 rows of the audit log have no number: nothing here wrote them\n")
    with transaction():
        db.session.delete(by_hand)
        db.session.add(LogEntry(at=clock.now(), action="role changed", subject="member 1", number=0, hash=log.GENESIS))
    forged = run(args=["audit", "log"])
    assert (forged.exit_code, forged.output) == (1, "row 0 of the audit log is not as it was written, or it is gone\n")


# Once a day


@pytest.fixture
def decided(ada):
    """Four rows, read once; who wrote them."""
    by = SimpleNamespace(id=ada.id)
    for number in range(4):
        with transaction():
            log.record("part stopped", f"part {number}", by)
    check()
    return by


def told():
    return [(incident.kind, incident.details) for incident in db.session.query(Incident).filter(Incident.closed_at.is_(None)).order_by(Incident.id)]


def test_a_log_that_stands_is_told_to_nobody(decided):
    with transaction():
        log.record("part started", "part 0", decided)
    check()
    assert told() == []


@pytest.mark.parametrize(
    ("tampering", "details"),
    [
        ("UPDATE audit_log SET by_id = NULL WHERE number = 2", {"row": 2}),
        ("DELETE FROM audit_log WHERE number = 3", {"row": 3}),
        ("DELETE FROM audit_log WHERE number = 4", {"row": 4}),
        ("INSERT INTO audit_log (at, action, subject, details) VALUES (now(), 'role changed', 'member 1', '{}')", {"without number": 1}),
    ],
)
def test_one_that_was_altered_is_an_incident(tampering, details, decided):
    with transaction():
        db.session.execute(text(tampering))
    check(), check()
    assert told() == [("log altered", details)]


def test_one_that_was_made_anew_as_a_whole_is_an_incident_too_and_once(decided):
    with transaction():
        last = log.Head(0, log.GENESIS)
        for row in db.session.query(LogEntry).order_by(LogEntry.number):
            row.by_id = None
            row.hash = log._hash(last.hash, row)
            last = log.Head(row.number, row.hash)
    assert log.first_altered() is None
    check()
    assert told() == [("log altered", {"row": 4})]
    with transaction():
        actions.close_incident(db.session.query(Incident).one(), decided, "It was the drill.")
    check()
    assert told() == []


def test_without_redis_the_chain_is_read_all_the_same(decided, monkeypatch):
    def down(*_):
        raise RedisGone

    monkeypatch.setattr(queue.redis, "get", down), monkeypatch.setattr(queue.redis, "set", down)
    with transaction():
        db.session.execute(text("UPDATE audit_log SET by_id = NULL WHERE number = 2"))
    check()
    assert told() == [("log altered", {"row": 2})]


def test_it_runs_each_day():
    assert dict(schedule.TABLE)["audit.check"] == 86_400
