"""A worker whose signer and KEK are in AWS KMS, on a real node."""

import pytest

from lms import create_app
from lms.chain.aws_kms import KmsSigner
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain.models import Attempt, Operation
from lms.domain.wallet import actions as wallet
from lms.domain.wallet.models import Wallet
from lms.jobs import chain, lanes, node, stuck_transactions, wallets
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, credit
from tests.jobs.conftest import KEK


@pytest.fixture
def arn(kms):
    return kms.signing()


@pytest.fixture
def worker_environ(worker_environ, kms, arn):
    """As the other tests' worker has it, with both keys in KMS."""
    return {**worker_environ, "SIGNER_FILES": f"kms:{arn}", "KEK": f"kms:{kms.wrapping()}"}


def test_what_kms_signs_is_settled_and_resent_as_it_was_stored(ana, worker, arn, run_jobs, monkeypatch, audit):
    """Killed between saving and sending: KMS would sign other bytes now, under another hash."""

    def killed(*_):
        raise SystemExit("killed")

    credit(ana, teo(50), "gift")
    wallets.sweep()
    with transaction():
        operation = wallet.open_batch()
    with monkeypatch.context() as death:
        death.setattr(lanes, "broadcast", killed)
        with pytest.raises(SystemExit):
            chain.submit(operation.id)
    db.session.rollback()
    saved = db.session.query(Attempt).one()
    stuck_transactions.sweep()
    operation = db.session.query(Operation).populate_existing().one()
    assert (saved.signer, operation.tx_hash, db.session.query(Attempt).count()) == (KmsSigner(arn).address, saved.tx_hash, 1)
    run_jobs()
    assert (operation.state, audit()) == ("mined", GREEN)


def test_a_member_is_burned_for_with_a_key_that_kms_wraps(ana, worker, run_jobs, audit):
    credit(ana, teo(50), "gift")
    enqueue("wallets.sweep")
    run_jobs()
    with transaction():
        ledger.post("back", books.member(ana.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(8), "refund", evidence={"by": "test"})
    enqueue("settlement.settle")
    run_jobs()
    kinds = [entry.kind for operation in db.session.query(Operation).order_by(Operation.id) for entry in operation.entries]
    assert (kinds, audit()) == (["mint", "burn"], GREEN)


def test_a_kek_of_the_environment_is_followed_by_one_in_kms(ana, app, kms, worker_environ, tmp_path):
    local = {**worker_environ, "KEK": KEK, "SIGNER_FILES": str(tmp_path / "signer.json")}
    remote = {**local, "KEK": f"2:kms:{kms.wrapping()}"}
    with create_app("cli", local).app_context() as context:
        assert context.app.test_cli_runner().invoke(args=["chain", "signer"]).exit_code == 0
        addresses = node.addresses()
        wallets.sweep()
    with create_app("cli", {**remote, "KEK_OLD": KEK}).app_context() as context:
        result = context.app.test_cli_runner().invoke(args=["keys", "rotate"])
        assert result.exit_code == 0, (result.output, result.exception)
    with create_app("cli", remote).app_context():
        assert [signer.address for signer in node.signers()] == addresses
        assert {row.kek_version for row in db.session.query(Wallet)} == {2}
