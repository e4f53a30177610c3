"""A chain of our own with the contracts on it, and keys that own something there."""

import os

import pytest

from lms.chain import anvil, contracts, transactions
from lms.chain.custodial_keys import new_key, open_key
from lms.chain.key_encryption import Keks, LocalKek
from lms.chain.rpc import Pool
from lms.chain.signers import LocalSigner
from rig.services import Anvil
from tests.aws import kms as kms
from tests.faults.proxy import Proxy
from tests.receipts import awaited
from tests.transit import vault as vault

BOUND = 1_000_000 * 10**6


@pytest.fixture(scope="session")
def keks():
    return local_keks(1)


def local_keks(*versions):
    """Random ones; the first wraps."""
    return Keks(versions[0], {version: LocalKek(os.urandom(32)) for version in versions})


@pytest.fixture(scope="session")
def anvil_url(tmp_path_factory):
    """A real node of its own, with a block for each transaction."""
    with Anvil(tmp_path_factory.mktemp("anvil")) as node:
        yield node.url


@pytest.fixture
def pool(anvil_url):
    return Pool([anvil_url], anvil.CHAIN_ID)


@pytest.fixture(scope="session")
def signer(anvil_url, keks, tmp_path_factory):
    signer = LocalSigner.create(tmp_path_factory.mktemp("signer") / "signer.json", keks)
    anvil.fund(Pool([anvil_url], anvil.CHAIN_ID), signer.address, 10**21)
    return signer


@pytest.fixture
def submit(pool, signer, mined):
    """Price, sign and send one transaction, and answer its receipt."""

    def submit(to, data, gas=None):
        gas = gas or transactions.estimate_gas(pool, signer.address, to, data)
        nonce = pool.mined_nonce(signer.address)
        signed = transactions.sign(signer, pool.chain_id, to, data, nonce, transactions.fees(pool), gas)
        assert transactions.broadcast(pool, signed.raw).accepted
        return mined(signed.tx_hash)

    return submit


@pytest.fixture
def mined(pool):
    """mined(tx_hash) is the receipt, as soon as the node has it."""
    return lambda tx_hash: awaited(pool, tx_hash)


@pytest.fixture
def token(signer, submit):
    """A TeoCoin nobody else uses."""
    receipt = submit(None, contracts.deploy_data(signer.address, 0, [signer.address], BOUND))
    return contracts.TeoCoin(receipt.contract_address)


@pytest.fixture
def certificate(signer, submit):
    receipt = submit(None, contracts.certificate.deploy_data(signer.address, 0, [signer.address]))
    return contracts.Certificate(receipt.contract_address)


@pytest.fixture
def notary(signer, submit):
    receipt = submit(None, contracts.notary.deploy_data(signer.address, 0, [signer.address]))
    return contracts.Notary(receipt.contract_address)


@pytest.fixture
def make_key(keks):
    """A custodial key, opened."""
    return lambda owner="7": open_key(new_key(owner, keks), owner, keks)


@pytest.fixture
def mint(token, pool, signer):
    """A signed mint of one TEO under op 1, not sent yet."""

    def mint(holder, fees=None):
        data = token.settle_data(1, [(holder, 1_000_000)], [])
        gas = transactions.estimate_gas(pool, signer.address, token.address, data)
        nonce = pool.mined_nonce(signer.address)
        fees = fees or transactions.fees(pool)
        return transactions.sign(signer, pool.chain_id, token.address, data, nonce, fees, gas)

    return mint


@pytest.fixture
def proxy(anvil_url):
    """Starts a loopback proxy in front of the node; `behaviour(method, forward)` decides what a call gets."""
    running = []

    def start(behaviour):
        proxy = Proxy(anvil_url, behaviour)
        running.append(proxy)
        return proxy

    yield start
    for each in running:
        each.close()
