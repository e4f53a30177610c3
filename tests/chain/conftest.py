import os
import time

import pytest

from lms.chain import anvil, contracts, transactions
from lms.chain.rpc import Pool
from lms.chain.signers import LocalSigner
from lms.chain.vault import new_key, open_key
from rig.services import Anvil

BOUND = 1_000_000 * 10**6


@pytest.fixture(scope="session")
def kek():
    return os.urandom(32)


@pytest.fixture(scope="session")
def anvil_url(tmp_path_factory):
    """A real node of its own, with a block for each transaction."""
    with Anvil(tmp_path_factory.mktemp("anvil")) as node:
        yield node.url


@pytest.fixture
def pool(anvil_url):
    return Pool([anvil_url], anvil.CHAIN_ID)


@pytest.fixture(scope="session")
def signer(anvil_url, kek, tmp_path_factory):
    signer = LocalSigner.create(tmp_path_factory.mktemp("signer") / "signer.json", kek)
    anvil.fund(Pool([anvil_url], anvil.CHAIN_ID), signer.address, 10**21)
    return signer


@pytest.fixture
def submit(pool, signer):
    """Price, sign and send one transaction, and answer its receipt."""

    def submit(to, data, gas=None):
        gas = gas or transactions.estimate_gas(pool, signer.address, to, data)
        nonce = pool.mined_nonce(signer.address)
        signed = transactions.sign(signer, pool.chain_id, to, data, nonce, transactions.fees(pool), gas)
        assert transactions.broadcast(pool, signed.raw).accepted
        return mined(pool, signed.tx_hash)

    return submit


def mined(pool, tx_hash, seconds=10):
    """The receipt, as soon as the node has it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if receipt := transactions.receipt(pool, tx_hash):
            return receipt
        time.sleep(0.01)
    raise TimeoutError(f"{tx_hash} is not mined")


@pytest.fixture
def token(signer, submit):
    """A TeoCoin nobody else uses."""
    receipt = submit(None, contracts.deploy_data(signer.address, 0, signer.address, BOUND))
    return contracts.TeoCoin(receipt.contract_address)


@pytest.fixture
def make_key(kek):
    """A custodial key, opened."""
    return lambda owner="7": open_key(new_key(owner, kek), owner, kek)

