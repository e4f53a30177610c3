"""The contracts, deployed once however often the command is killed."""

import pytest

from lms.chain import anvil as development
from lms.chain import contracts, transactions
from lms.db import db, transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Contract, Deployment
from lms.jobs import lanes, node, stuck_transactions
from tests.jobs.conftest import deploy, forget

NAMES = ["Certificate", "Notary", "TeoCoin"]


def rows():
    return [(row.name, row.address, row.nonce) for row in db.session.query(Contract).order_by(Contract.name)]


def test_three_contracts_stand_and_what_they_cost_is_told(undeployed):
    result = deploy(undeployed)
    assert result.exit_code == 0, result.output
    assert sorted(line.split()[0] for line in result.output.splitlines()) == NAMES
    assert all(" gas, 0." in line for line in result.output.splitlines())
    for name, address, _ in rows():
        contracts.BY_NAME[name](address).check_code(node.pool())


def test_a_second_run_deploys_nothing(undeployed):
    deploy(undeployed)
    before, mined = rows(), node.pool().mined_nonce(node.addresses()[0])
    assert deploy(undeployed).exit_code == 0
    assert (rows(), node.pool().mined_nonce(node.addresses()[0])) == (before, mined)
    assert db.session.query(Deployment).count() == 1


@pytest.mark.parametrize("broadcasts", [0, 1, 2])
def test_a_run_that_was_killed_before_a_broadcast_is_gone_on_with(undeployed, monkeypatch, broadcasts):
    send, sent = transactions.broadcast, []

    def killed(pool, raw):
        if len(sent) == broadcasts:
            raise SystemExit("killed")
        sent.append(raw)
        return send(pool, raw)

    monkeypatch.setattr(transactions, "broadcast", killed)
    assert deploy(undeployed).exit_code != 0
    monkeypatch.undo()
    kept = rows()
    assert len(kept) == broadcasts + 1
    assert deploy(undeployed).exit_code == 0
    assert set(kept) <= set(rows()) and [nonce for *_, nonce in sorted(rows(), key=lambda row: row[2])] == [0, 1, 2]


def test_every_signer_may_settle(app, bare, worker_environ, home):
    from lms import create_app

    files = ",".join(str(home / f"signer-{number}.json") for number in range(2))
    worker = create_app("cli", {**worker_environ, "SIGNER_FILES": files})
    with worker.app_context():
        run = worker.test_cli_runner().invoke
        assert len(run(args=["chain", "signer"]).output.split()) == 2
        assert deploy(worker).exit_code == 0
        token = node.token()
        for op, address in enumerate(node.addresses(), start=900):
            assert transactions.estimate_gas(node.pool(), address, token.address, token.settle_data(op, [("0x" + "11" * 20, 1)], [])) > 0


def test_a_node_that_forgot_everything_has_the_contracts_before_what_other_signers_sent(app, anvil, worker_environ, home):
    from lms import create_app

    fresh = anvil.call("evm_snapshot")
    files = ",".join(str(home / f"signer-{number}.json") for number in range(2))
    worker = create_app("cli", {**worker_environ, "SIGNER_FILES": files})
    with worker.app_context():
        worker.test_cli_runner().invoke(args=["chain", "signer"])
        assert deploy(worker).exit_code == 0
        operation = _published(node.signers()[1])
        anvil.call("evm_revert", fresh)
        fresh = anvil.call("evm_snapshot")
        for _ in range(2):
            stuck_transactions.sweep()
        db.session.refresh(operation)
        notary = contracts.Notary(operation.deployment.address_of("Notary"))
        assert (operation.state, notary.root_of(node.pool(), "solvency", 1)) == ("mined", b"\1" * 32)
    forget(anvil, fresh)


def test_a_database_that_belongs_to_another_chain_deploys_nothing(undeployed):
    assert deploy(undeployed).exit_code == 0
    with transaction():
        db.session.query(Deployment).one().genesis_hash = "0x" + "00" * 32
    before = node.pool().mined_nonce(node.addresses()[0])
    refused = deploy(undeployed)
    assert refused.exit_code == 1 and "belongs to another chain" in refused.output
    assert node.pool().mined_nonce(node.addresses()[0]) == before


def _published(signer):
    """A root that this signer has told the Notary."""
    with transaction():
        operation = onchain.queue("a root", "root", [], dict(kind="solvency", subject=1, root="01" * 32, total=0))
    pool = node.pool()
    development.fund(pool, signer.address, 10**20)
    assert lanes.Lane(pool, signer).take([operation]) == 1
    stuck_transactions.sweep()
    db.session.refresh(operation)
    assert operation.state == "mined"
    return operation
