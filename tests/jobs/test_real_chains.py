"""Deploying on Polygon and on Amoy, its test network: nodes that bear their numbers, and nothing that only a development chain can do."""

import pytest
from eth_utils import keccak

from lms import create_app
from lms.chain import contracts, transactions
from lms.db import db, transaction
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.onchain.models import Contract, Deployment
from lms.jobs import contracts as checking
from lms.jobs import node
from lms.jobs.operate import contract_creations
from rig.services import Anvil
from tests.faults.proxy import Proxy
from tests.jobs.conftest import deploy

POLYGON, AMOY = 137, 80002
ADMIN = "0x" + "Ad" * 20
COINS = 10**20  # wei


@pytest.fixture(scope="module", params=[POLYGON, AMOY])
def real(request, tmp_path_factory):
    """A node that says it is of that chain."""
    made = Anvil(tmp_path_factory.mktemp("chain"))
    made.chain_id = request.param
    with made:
        made.call("anvil_mine", hex(5))
        yield made
        made.remove()


@pytest.fixture
def start(app, real, worker_environ, tmp_path):
    """start(TOKEN_ADMIN=…) is a worker's app on that chain, and the address of its signer, who has coins."""

    def start(coins=COINS, **settings):
        environ = {**worker_environ, "RPC_URLS": real.url, "CHAIN_ID": str(real.chain_id), "SIGNER_FILES": str(tmp_path / "signer.json")}
        worker = create_app("cli", {**environ, **settings})
        with worker.app_context():
            signer = worker.test_cli_runner().invoke(args=["chain", "signer"]).output.strip()
        real.call("anvil_setBalance", signer, hex(coins))
        return worker, signer

    return start


@pytest.fixture
def poa(real):
    """The node as Polygon's nodes answer: what the validators signed makes a block's extra data longer than 32 bytes."""

    def behave(method, forward):
        answer = forward()
        if method == "eth_getBlockByNumber" and answer.get("result"):
            answer["result"]["extraData"] = "0x" + "d7" * 97
        return answer

    proxy = Proxy(real.url, behave)
    yield proxy
    proxy.close()


def nothing_is_recorded():
    return db.session.query(Deployment).count() == db.session.query(Contract).count() == 0


def test_nothing_is_deployed_whose_admin_is_nobody_or_a_signer(start, tmp_path):
    worker, signer = start()
    worker.config["SIGNER_FILES"] += (str(tmp_path / "second.json"),)
    with worker.app_context():
        second = worker.test_cli_runner().invoke(args=["chain", "signer"]).output.split()[1]
        for admin in (None, signer, signer.lower(), second):
            worker.config["TOKEN_ADMIN"] = admin
            refused = deploy(worker)
            assert refused.exit_code == 1 and "TOKEN_ADMIN must be an address other than the signers'." in refused.output
            assert nothing_is_recorded()


def test_a_signer_without_coins_is_told_so_and_given_none(start, real):
    worker, signer = start(coins=10**15, TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        refused = deploy(worker)
        assert refused.exit_code == 1 and f"The signer {signer} has 0.001000 of the chain's coin, and creating TeoCoin may take 0." in refused.output
        assert "Send it some, then run this again." in refused.output
        assert nothing_is_recorded()
    assert int(real.call("eth_getBalance", signer, "latest"), 16) == 10**15


def test_what_is_deployed_belongs_to_that_chain_and_to_the_admin(start, real):
    worker, signer = start(TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        pool = node.pool()
        head = pool.head().number
        assert deploy(worker).exit_code == 0
        deployment = db.session.query(Deployment).one()
        assert (deployment.chain_id, deployment.first_block, deployment.signer) == (real.chain_id, head, signer) and head > 0
        for contract in deployment.contracts:
            asked = {"to": contract.address, "data": keccak(text="defaultAdmin()")[:4]}
            assert pool.read(lambda web3, asked=asked: web3.eth.call(asked))[-20:].hex() == ADMIN[2:].lower()
            assert contracts.BY_NAME[contract.name](contract.address).has_role(pool, "SETTLER_ROLE", signer)


def test_the_cost_is_told_and_a_second_run_deploys_nothing(start, real):
    worker, signer = start(TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        first = deploy(worker).output.splitlines()
        told = sum(float(line.split(", ")[2].split()[0]) for line in first)
        paid = COINS - int(real.call("eth_getBalance", signer, "latest"), 16)
        assert told == pytest.approx(paid / 10**18, abs=3e-6)  # three figures of six decimals each
        assert [line.split()[0] for line in first] == ["TeoCoin", "Certificate", "Notary"]
        assert deploy(worker).output.splitlines() == first
        assert (node.pool().mined_nonce(signer), db.session.query(Deployment).count(), db.session.query(Contract).count()) == (3, 1, 3)


def test_a_node_whose_blocks_carry_what_validators_signed_is_understood(start, poa):
    worker, _ = start(TOKEN_ADMIN=ADMIN, RPC_URLS=poa.url)
    with worker.app_context():
        block = node.pool().read(lambda web3: web3.eth.get_block("latest"))
        assert len(block.proofOfAuthorityData) == 97
        assert deploy(worker).exit_code == 0
        assert db.session.query(Contract).count() == 3


def test_another_nonce_is_taken_only_when_a_failure_is_five_hundred_blocks_deep(start, real, monkeypatch):
    worker, _ = start(TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        with monkeypatch.context() as short_of_gas:
            short_of_gas.setattr(transactions, "estimate_gas", lambda *_: 1_000_000)
            assert "failed in block" in deploy(worker).output
        real.call("anvil_mine", hex(transactions.FINAL_DEPTH - 2))
        refused = deploy(worker)
        assert refused.exit_code == 1 and "When that is final, run this again." in refused.output
        assert [contract.nonce for contract in db.session.query(Contract)] == [0]
        real.call("anvil_mine", hex(1))
        done = deploy(worker)
        assert done.exit_code == 0 and "TeoCoin is made anew under nonce 1" in done.output
        assert not transactions.is_final(node.pool(), contract_creations.receipt(db.session.query(Contract).filter_by(name="TeoCoin").one(), node.pool()))


def test_code_that_is_missing_stops_signing(start, real):
    """A real chain forgets nothing: no sweep brings it back."""
    worker, _ = start(TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        deploy(worker)
        checking.check()
        assert not switches.is_stopped("signing")
        real.call("anvil_setCode", node.token().address, "0x")
        checking.check()
        assert "there is no contract at" in db.session.query(Incident).one().details["why"] and switches.is_stopped("signing")


def test_a_creation_that_failed_beside_a_token_that_stands_stops_nothing(start, monkeypatch):
    worker, _ = start(TOKEN_ADMIN=ADMIN)
    with worker.app_context():
        estimate = transactions.estimate_gas
        made = iter(["TeoCoin"])
        monkeypatch.setattr(transactions, "estimate_gas", lambda *asked: estimate(*asked) if next(made, None) else 500_000)
        refused = deploy(worker)
        assert "Certificate is not made: nonce 1 was used up by its creation, which failed in block" in refused.output
        checking.check()
        assert (db.session.query(Incident).count(), switches.is_stopped("signing")) == (0, False)


def test_a_creation_that_was_pushed_aside_stops_nothing_and_code_that_two_endpoints_miss_does(start, real, poa):
    worker, _ = start(TOKEN_ADMIN=ADMIN, RPC_URLS=f"{real.url},{poa.url}")
    with worker.app_context():
        assert deploy(worker).exit_code == 0
        notary = db.session.query(Contract).filter_by(name="Notary").one()
        made, missed = notary.creations[0].tx_hash, "0x" + "ab" * 32
        real.call("anvil_setCode", notary.address, "0x")
        for tx_hash, is_stopped in ((missed, False), (made, True)):
            with transaction():
                notary.creations[0].tx_hash = tx_hash  # another transaction has its nonce, or it has
            checking.check()
            assert switches.is_stopped("signing") == is_stopped
        assert notary.address in db.session.query(Incident).one().details["why"]


def test_the_node_of_another_chain_is_refused(start, real):
    other = AMOY if real.chain_id == POLYGON else POLYGON
    worker, _ = start(TOKEN_ADMIN=ADMIN, CHAIN_ID=str(other))
    with worker.app_context():
        refused = deploy(worker)
        assert refused.exit_code == 1 and f"it serves another chain than {other}" in refused.output
        assert nothing_is_recorded()
