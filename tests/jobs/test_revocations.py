"""A certificate that is valid no more: the chain says so once, whatever happens in between."""

import pytest
from eth_utils import keccak
from sqlalchemy import text

from lms.db import db, transaction
from lms.domain.certificates import actions
from lms.domain.certificates.models import Certificate
from lms.domain.onchain.models import Operation
from lms.jobs import certificates
from tests.conftest import take_part
from tests.jobs.acts import GREEN, bring_and_lose_the_attempt, wallets_made

REVOKED = "0x" + keccak(text="Revoked(uint256,uint256)").hex()


@pytest.fixture
def revoked(worker, anvil):
    """revoked() tells the id of each certificate the chain was told of, in its order."""
    address = db.session.scalar(text("SELECT address FROM contracts WHERE name = 'Certificate'"))

    def read():
        return [int(log["topics"][2], 16) for log in anvil.call("eth_getLogs", {"address": address, "topics": [REVOKED], "fromBlock": "0x0"})]

    return read


@pytest.fixture
def number(ana, course, worker):
    """The id of a certificate of Ana's that waits."""
    wallets_made()
    with transaction():
        return int.from_bytes(actions.make(take_part(ana, course)).digest)


def bring(flow):
    certificates.issue()
    flow()


def revoke(user, course):
    with transaction():
        actions.revoke(user.id, course.id)


def states():
    rows = db.session.query(Operation).filter(Operation.kind.in_(("certificates", "revocation"))).order_by(Operation.id)
    return [(operation.kind, operation.state) for operation in rows.populate_existing()]


def test_the_chain_is_told_once(ana, course, number, revoked, flow, audit):
    bring(flow)
    revoke(ana, course), revoke(ana, course)
    bring(flow), bring(flow)
    assert (states(), revoked(), audit()) == ([("certificates", "final"), ("revocation", "final")], [number], GREEN)


def test_one_that_waits_is_never_issued_and_nothing_is_told(ana, course, number, revoked, flow):
    revoke(ana, course)
    bring(flow)
    assert (states(), revoked()) == ([], [])


def test_one_on_its_way_is_told_of_once_it_is_there(ana, course, number, revoked, flow):
    certificates.issue()
    revoke(ana, course)
    certificates.issue()
    assert states() == [("certificates", "queued")]
    flow()
    bring(flow)
    assert (states()[-1], revoked()) == (("revocation", "final"), [number])


def test_one_that_was_dropped_is_told_of_by_another(ana, course, number, worker, revoked, flow):
    bring(flow)
    revoke(ana, course)
    certificates.issue()
    operation = db.session.query(Operation).filter_by(kind="revocation").one()
    assert worker.test_cli_runner().invoke(args=["chain", "void", str(operation.id)]).exit_code == 0
    flow()
    assert (states()[-1], revoked()) == (("revocation", "failed"), [])
    bring(flow)
    assert (states()[-1], revoked()) == (("revocation", "final"), [number])


def test_what_a_lost_attempt_has_told_is_done(ana, course, number, revoked, run_jobs, flow):
    bring(flow)
    revoke(ana, course)
    certificates.issue()
    bring_and_lose_the_attempt(db.session.query(Operation).filter_by(kind="revocation").one())
    flow()
    assert (states()[-1], revoked()) == (("revocation", "final"), [number])


def test_one_revoked_after_the_backup_is_revoked_again_when_that_is_restored(rich, course, backup, recover, revoked, flow, audit):
    with transaction():
        number = int.from_bytes(actions.make(take_part(rich, course)).digest)
    bring(flow)
    restore = backup()
    revoke(rich, course)
    bring(flow)
    restore()
    assert db.session.query(Certificate.revoked_at).one() == (None,)
    assert "1 operations taken over, 0 lost" in recover()
    bring(flow)
    row = db.session.query(Certificate).populate_existing().one()
    assert (row.revoked_at is not None, row.revocation_id is not None, revoked(), audit()) == (True, True, [number], GREEN)
