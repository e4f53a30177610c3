"""A contract's creation that is stuck, pushed aside or refused: more is offered under its nonce, and another nonce is taken for good reason only."""

import signal
from contextlib import ExitStack
from datetime import timedelta

import pytest
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from lms import clock
from lms.chain import contracts, receipts, transactions
from lms.db import alone, db, transaction
from lms.domain.audit.models import Incident
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Contract, Creation, Operation
from lms.jobs import chain, node, settlement, stuck_transactions, wallets
from lms.jobs.operate import contract_creations, deployment
from tests.conftest import teo
from tests.faults.proxy import Proxy
from tests.forks import fate
from tests.jobs import mortal
from tests.jobs.acts import credit
from tests.jobs.conftest import Naps, deploy, forget
from tests.receipts import mined


@pytest.fixture(autouse=True)
def nobody_waits_long(monkeypatch):
    monkeypatch.setattr(contract_creations, "time", Naps())
    monkeypatch.setattr(contract_creations, "PATIENCE", 0.3)  # seconds


@pytest.fixture
def stuck(undeployed, blocks_wait):
    """A run that sent the first contract, and no block came."""
    blocks_wait()
    refused = deploy(undeployed)
    assert refused.exit_code == 1 and "TeoCoin is not mined yet under nonce 0. Run this again." in refused.output
    return undeployed


def go_on(app):
    """What the next run says, which ends well: it has all the time it needs for that."""
    db.session.expire_all()
    with pytest.MonkeyPatch.context() as patient:
        patient.setattr(contract_creations, "PATIENCE", 60)
        result = deploy(app)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def is_refused(app):
    """What the next run says, which does not."""
    db.session.expire_all()
    result = deploy(app)
    assert result.exit_code == 1, result.output
    return result.output


def offers(nonce=0):
    """(tip, cap) of each bid for a nonce, the oldest first."""
    rows = db.session.query(Creation).filter_by(nonce=nonce).order_by(Creation.id)
    return [(bid["maxPriorityFeePerGas"], bid["maxFeePerGas"]) for bid in (TypedTransaction.from_bytes(HexBytes(row.raw)).as_dict() for row in rows)]


def nonces():
    db.session.expire_all()
    return [row.nonce for row in db.session.query(Contract).order_by(Contract.nonce)]


def wait(seconds=21):
    clock.advance(timedelta(seconds=seconds))


def all_stand():
    pool = node.pool()
    for row in db.session.query(Contract).populate_existing():
        contracts.BY_NAME[row.name](row.address).check_code(pool)
    return True


def test_what_is_stuck_offers_an_eighth_more_under_the_same_nonce(stuck, anvil):
    address = db.session.query(Contract).one().address
    is_refused(stuck)
    assert len(offers()) == 1  # it has not waited long enough
    wait()
    is_refused(stuck)
    (tip, cap), (higher_tip, higher_cap) = offers()
    assert higher_tip >= -(-tip * 9 // 8) and higher_cap >= -(-cap * 9 // 8)
    is_refused(stuck)
    assert len(offers()) == 2  # each further time it waits twice as long
    anvil.call("evm_setAutomine", True)
    anvil.call("evm_mine")
    assert f"TeoCoin at {address}" in go_on(stuck)
    assert nonces() == [0, 1, 2] and all_stand()


@pytest.mark.parametrize("mined", [0, 1])
def test_whichever_bid_is_mined_it_is_the_contract(stuck, anvil, mined):
    wait()
    is_refused(stuck)
    bids = db.session.query(Creation).order_by(Creation.id).all()
    anvil.call("anvil_dropAllTransactions")
    anvil.call("eth_sendRawTransaction", "0x" + bids[mined].raw.hex())
    anvil.call("evm_setAutomine", True)
    anvil.call("evm_mine")
    told = go_on(stuck).splitlines()[0]
    receipt = anvil.call("eth_getTransactionReceipt", bids[mined].tx_hash)
    gas, price = int(receipt["gasUsed"], 16), int(receipt["effectiveGasPrice"], 16)
    assert told == f"TeoCoin at {transactions.created_address(node.addresses()[0], 0)}, {gas} gas, {gas * price / 10**18:.6f} of the chain's coin"
    assert (nonces(), len(offers())) == ([0, 1, 2], 2)


def test_at_the_absolute_cap_it_says_so_and_a_later_run_goes_on(stuck, anvil):
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(4_000 * transactions.GWEI))
    anvil.call("evm_mine")
    wait()
    assert f"gwei, and {transactions.MOST_CAP // transactions.GWEI} is the most we pay. Run this again." in is_refused(stuck)
    assert len(offers()) == 1
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(transactions.GWEI))
    anvil.call("evm_mine")
    anvil.call("evm_setAutomine", True)
    go_on(stuck)  # which may offer more, where the block comes late
    assert nonces() == [0, 1, 2] and all_stand()


def _push_aside(app, anvil):
    """Somebody else who has the key takes the nonce of the first contract."""
    (tip, cap), *_ = offers()
    pool, signer = node.pool(), node.signers()[0]
    foreign = transactions.sign(signer, pool.chain_id, "0x" + "22" * 20, b"", 0, transactions.Fees(2 * tip, 2 * cap), 50_000)
    assert transactions.broadcast(pool, foreign.raw).accepted
    anvil.call("evm_mine")
    anvil.call("evm_setAutomine", True)


def adopt(app):
    result = app.test_cli_runner().invoke(args=["chain", "adopt", node.addresses()[0]])
    assert result.exit_code == 0, (result.output, result.exception)


def test_a_nonce_that_a_foreign_transaction_has_for_good_halts_the_signer_until_it_is_adopted(stuck, anvil):
    before, signer = db.session.query(Contract).one().address, node.addresses()[0]
    _push_aside(stuck, anvil)
    assert "nonce 0 was used up by a foreign transaction. When that is final, run this again." in is_refused(stuck)
    assert (nonces(), db.session.query(Creation).count()) == ([0], 1)  # a reorganisation may bring ours back
    anvil.call("anvil_mine", "0x3")
    for _ in range(2):
        refusal = is_refused(stuck)
        assert "has taken nonce 0 of this signer, in which TeoCoin was to be made." in refusal and f"run: flask chain adopt {signer}, and then this again." in refusal
    assert (nonces(), db.session.query(Creation).count()) == ([0], 1)
    adopt(stuck)
    said = go_on(stuck)
    assert "Nonce 0 was used up by a foreign transaction: TeoCoin is made anew under nonce 1, at another address." in said
    assert nonces() == [1, 2, 3] and all_stand()
    token = db.session.query(Contract).filter_by(name="TeoCoin").one()
    assert token.address == transactions.created_address(signer, 1) != before
    assert [creation.nonce for creation in token.creations] == [0, 1]
    assert [(row.kind, row.subject) for row in db.session.query(Incident)] == [("foreign nonce", f"{signer} nonce 0")]
    assert "anew" not in go_on(stuck) and nonces() == [1, 2, 3]


def test_a_foreign_transaction_between_two_contracts_halts_the_signer(undeployed, anvil, monkeypatch):
    with monkeypatch.context() as short:
        short.setattr(deployment, "_CREATIONS", dict(list(deployment._CREATIONS.items())[:1]))
        go_on(undeployed)
    pool, signer = node.pool(), node.signers()[0]
    mined(pool, transactions.sign(signer, pool.chain_id, "0x" + "22" * 20, b"", 1, transactions.fees(pool), 50_000))
    for _ in range(2):
        assert f"flask chain adopt {signer.address}" in is_refused(undeployed)
    assert nonces() == [0]
    assert [(row.kind, row.subject) for row in db.session.query(Incident)] == [("foreign nonce", signer.address)]
    anvil.call("anvil_mine", "0x3")
    adopt(undeployed)
    go_on(undeployed)
    assert nonces() == [0, 2, 3] and all_stand()


def test_a_key_that_is_halted_makes_no_contract(undeployed):
    signer = node.addresses()[0]
    with transaction():
        signer_lanes.halt(signer, "A transaction that is not ours has taken a nonce of this signer.")
    assert f"flask chain adopt {signer}" in is_refused(undeployed)
    assert db.session.query(Creation).count() == node.pool().mined_nonce(signer) == 0
    adopt(undeployed)
    go_on(undeployed)
    assert nonces() == [0, 1, 2]


@pytest.fixture
def short_of_gas(undeployed, anvil, monkeypatch):
    """A run whose first creation was mined and failed."""
    monkeypatch.setattr(transactions, "estimate_gas", lambda *_: 1_000_000)
    assert "nonce 0 was used up by its creation, which failed in block" in is_refused(undeployed)
    monkeypatch.undo()
    monkeypatch.setattr(contract_creations, "PATIENCE", 5)
    return undeployed


def test_a_creation_that_failed_for_good_is_made_anew(short_of_gas, anvil):
    assert "When that is final, run this again." in is_refused(short_of_gas)
    assert nonces() == [0]
    anvil.call("anvil_mine", "0x3")
    assert "its creation, which failed in block" in go_on(short_of_gas)
    assert nonces() == [1, 2, 3] and all_stand()
    assert db.session.query(Incident).count() == 0


def test_a_missing_receipt_is_no_reason_for_another_nonce(undeployed, anvil, monkeypatch):
    """Nodes forget receipts after some weeks; what stands at the address they know."""
    deploy(undeployed)
    anvil.call("anvil_mine", "0x3")
    monkeypatch.setattr(receipts, "read", lambda *_: None)
    assert [line.split()[0] for line in go_on(undeployed).splitlines()] == ["TeoCoin", "Certificate", "Notary"]
    assert (nonces(), db.session.query(Creation).count()) == ([0, 1, 2], 3)


@pytest.fixture
def blank(bare, anvil):
    """The snapshot of the chain before any run."""
    return anvil.call("evm_snapshot")


def test_a_node_that_forgot_everything_has_the_contracts_again_whatever_was_bid_for_them(blank, short_of_gas, anvil, blocks_wait, monkeypatch):
    anvil.call("anvil_mine", "0x3")
    blocks_wait()
    monkeypatch.setattr(contract_creations, "PATIENCE", 0.3)
    is_refused(short_of_gas)
    wait()
    is_refused(short_of_gas)
    assert len(offers(nonce=1)) == 2
    anvil.call("evm_setAutomine", True)
    anvil.call("evm_mine")
    go_on(short_of_gas)
    forget(anvil, blank)
    assert node.pool().mined_nonce(node.addresses()[0]) == 0
    stuck_transactions.sweep()
    assert nonces() == [1, 2, 3] and all_stand()


def _settled_between(app, ana, monkeypatch):
    """An operation whose nonce is between those of two contracts."""
    with monkeypatch.context() as killed:
        killed.setattr(deployment, "_CREATIONS", {"TeoCoin": deployment._CREATIONS["TeoCoin"]})
        go_on(app)
    credit(ana, teo(5), "gift")
    wallets.sweep()
    settlement.settle()
    operation = db.session.query(Operation).one()
    chain.submit(operation.id)
    monkeypatch.setattr(contract_creations, "PATIENCE", 5)
    go_on(app)
    assert nonces() == [0, 2, 3]
    return operation


def test_a_node_that_forgot_everything_has_again_what_was_sent_between_two_contracts(blank, undeployed, anvil, ana, monkeypatch):
    """A run that was killed after its first contract, and workers that went on meanwhile: without their nonces the other contracts never come."""
    operation = _settled_between(undeployed, ana, monkeypatch)
    stuck_transactions.sweep()
    forget(anvil, blank)
    for _ in range(2):
        stuck_transactions.sweep()
    db.session.refresh(operation)
    assert all_stand() and node.token().op_used(node.pool(), operation.op)
    assert operation.state in ("mined", "final")


def test_what_was_sent_between_two_contracts_is_looked_at_again_on_a_chain_whose_blocks_take_their_time(blank, undeployed, anvil, ana, monkeypatch, blocks_wait):
    """Its block comes between two sweeps: the second finds the chain's nonce past it, and must know that it was lost all the same."""
    operation = _settled_between(undeployed, ana, monkeypatch)
    anvil.call("anvil_mine", "0x3")
    for _ in range(2):
        stuck_transactions.sweep()
    db.session.refresh(operation)
    assert operation.state == "final"
    before = operation.block_number, operation.block_hash
    forget(anvil, blank)
    blocks_wait()
    stuck_transactions.sweep()
    db.session.refresh(operation)
    assert (operation.state, node.token().is_there(node.pool())) == ("sent", False)
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    db.session.refresh(operation)
    receipt = transactions.receipt(node.pool(), operation.tx_hash)
    assert (operation.state, operation.block_number, operation.block_hash) == ("mined", receipt.block_number, receipt.block_hash)
    assert all_stand() and (operation.block_number, operation.block_hash) != before


@pytest.fixture
def proxy(anvil):
    """proxy(behaviour) stands before the node."""
    running = []

    def start(behaviour):
        running.append(Proxy(anvil.url, behaviour))
        return running[-1].url

    yield start
    for each in running:
        each.close()


def test_why_no_node_takes_it_is_told(undeployed, proxy):
    def refuse(method, forward):
        return {"error": {"code": -32000, "message": "transaction underpriced"}} if method == "eth_sendRawTransaction" else forward()

    undeployed.config["RPC_URLS"] = (proxy(refuse),)
    said = is_refused(undeployed)
    assert "TeoCoin is not mined yet under nonce 0: " in said and "transaction underpriced. Run this again." in said


def test_an_endpoint_that_lags_tells_nothing_of_a_nonce_yet(undeployed, anvil, proxy, monkeypatch):
    """To one the creation is mined, to the other its nonce is not: that is waited for, and called neither lost nor foreign."""
    lag, is_sent = iter(range(5)), []

    def behave(method, forward):
        is_sent.append(method == "eth_sendRawTransaction")
        if any(is_sent) and method in ("eth_getTransactionCount", "eth_getTransactionReceipt") and next(lag, None) is not None:
            return {"result": "0x0" if method == "eth_getTransactionCount" else None}
        return forward()

    monkeypatch.setattr(contract_creations, "PATIENCE", 10)
    undeployed.config["RPC_URLS"] = (anvil.url, proxy(behave))
    go_on(undeployed)
    assert (nonces(), db.session.query(Creation).count(), next(lag, "caught up")) == ([0, 1, 2], 3, "caught up")


def test_two_runs_at_once_are_one(undeployed, monkeypatch):
    monkeypatch.setattr(deployment, "GRACE", 0.3)
    with alone("deploy"):
        assert "Another run of this command is at work" in is_refused(undeployed)
    assert db.session.query(Contract).count() == 0


def test_a_run_that_was_killed_a_moment_ago_is_not_taken_for_one_at_work(undeployed, monkeypatch):
    """The database holds its lock until it misses the connection."""
    with ExitStack() as killed:
        killed.enter_context(alone("deploy"))
        monkeypatch.setattr(deployment.time, "sleep", lambda _: killed.close())
        go_on(undeployed)
    assert nonces() == [0, 1, 2]


def test_the_key_that_creates_the_contracts_must_be_here(stuck, anvil, home):
    stuck.config["SIGNER_FILES"] = (str(home / "another.json"),)
    stuck.test_cli_runner().invoke(args=["chain", "signer"])
    assert "which creates the contracts, is not here" in is_refused(stuck)
    assert db.session.query(Creation).count() == 1


def deploy_and_die(environ, when, number):
    """A process of its own, killed around its so-manieth broadcast."""
    assert fate(mortal.deploy, environ, when, number) == -signal.SIGKILL


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_around_a_broadcast_is_gone_on_with(undeployed, worker_environ, when, number):
    deploy_and_die(worker_environ, when, number)
    kept = {(row.name, row.address, row.nonce) for row in db.session.query(Contract)}
    assert len(kept) == number  # saved before it is sent
    assert node.pool().mined_nonce(node.addresses()[0]) == number - (when == "before")
    go_on(undeployed)
    assert kept <= {(row.name, row.address, row.nonce) for row in db.session.query(Contract)}
    assert (nonces(), db.session.query(Creation).count(), node.pool().mined_nonce(node.addresses()[0])) == ([0, 1, 2], 3, 3)
    assert all_stand()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_around_a_higher_bid_is_gone_on_with(stuck, anvil, worker_environ, when):
    wait()
    deploy_and_die(worker_environ, when, 2)  # the first sends again what was kept
    assert len(offers()) == 2
    anvil.call("evm_setAutomine", True)
    anvil.call("evm_mine")
    go_on(stuck)
    assert (nonces(), db.session.query(Creation).count(), node.pool().mined_nonce(node.addresses()[0])) == ([0, 1, 2], 4, 3)
    assert all_stand()
