"""A node of the bench's own, with the contracts on it and a signer who brings operations to them."""

import subprocess
import tempfile
import time
from contextlib import contextmanager

from eth_utils import keccak
from web3 import Web3

from lms.chain import anvil, contracts, transactions
from lms.chain.contracts import artifact
from lms.chain.contracts.artifacts import creation_data
from lms.chain.custodial_keys import Key, sign_burn
from lms.chain.rpc import Pool
from lms.chain.signers import LocalSigner
from rig import ROOT, Refusal, tools
from rig.services import Anvil

LONGEST = 30  # seconds

_GAS = 10_000_000
_FEES = transactions.Fees(transactions.LEAST_TIP, transactions.MOST_CAP)
_TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


def key(name):
    """The same key for the same name, so that each run signs and pays the same."""
    return Key(keccak(text=name))


def signed(token, op, debits):
    """The burns to which holders consent; debits are (Key, amount)."""
    return [
        contracts.Burn(holder.address, amount, sign_burn(holder, anvil.CHAIN_ID, token.address, amount, op))
        for holder, amount in debits
    ]


@contextmanager
def chain():
    """A running Chain; the plain contracts are compiled for it, as only the bench knows them."""
    subprocess.run([tools.node(), ROOT / "contracts" / "build.js", "bench"], check=True, stdin=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True) as directory, Anvil(directory) as node:
        yield Chain(node.url)


class Chain:
    def __init__(self, url):
        self.pool = Pool([url], anvil.CHAIN_ID)
        self.settler = self.signer("settler")

    def signer(self, name):
        signer = LocalSigner(key(name))
        anvil.fund(self.pool, signer.address, 10**24)
        return signer

    def token(self):
        """A TeoCoin that settled before: the op's word, the supply and the day's sum are not zero, as nearly every op finds them."""
        settler = self.settler.address
        token = contracts.TeoCoin(self._create(contracts.deploy_data(settler, 0, [settler], contracts.MAX_AMOUNT)))
        self.settle(token, 0, [(key("somebody").address, 1)])
        return token

    def certificate(self):
        settler = self.settler.address
        certificate = contracts.Certificate(self._create(contracts.certificate.deploy_data(settler, 0, [settler])))
        self.send(certificate.address, certificate.void_data(0))
        return certificate

    def plain_mints(self, amount):
        """The gas of a mint by OpenZeppelin's token to a fresh holder, and of one to the same again."""
        plain = self._plain("PlainToken")
        self._mint_plain(plain, "somebody", amount)  # the supply's slot is not zero for the others
        return [self._mint_plain(plain, "holder", amount) for _ in range(2)]

    def plain_certificate(self, number):
        """The gas of a mint of this token by OpenZeppelin's ERC-721, to a holder of none."""
        return self._mint_plain(self._plain("PlainCertificate"), "holder", number)

    def settle(self, token, op, mints, burns=()):
        """The gas of one settlement that skipped nothing; mints are (address, amount)."""
        receipt = self.send(token.address, token.settle_data(op, mints, burns))
        moved = sum(log.topics[0] == _TRANSFER for log in receipt.logs)
        if moved != len(mints) + len(burns):
            raise Refusal(f"A settlement of {len(mints) + len(burns)} entries moved {moved}.")
        return receipt.gas_used

    def send(self, to, data, signer=None):
        """The receipt of a transaction that succeeded."""
        signer = signer or self.settler
        nonce = self.pool.mined_nonce(signer.address)
        signed = transactions.sign(signer, anvil.CHAIN_ID, to, data, nonce, _FEES, _GAS)
        transactions.broadcast(self.pool, signed.raw)
        receipt = self._receipt(signed.tx_hash)
        if not receipt.succeeded:
            raise Refusal(f"The transaction {signed.tx_hash} was refused.")
        return receipt

    def _plain(self, name):
        return Web3().eth.contract(self._create(creation_data(name, [], [])), abi=artifact(name)["abi"])

    def _mint_plain(self, plain, name, amount):
        data = plain.encode_abi("mint", args=[key(name).address, amount])
        return self.send(plain.address, bytes.fromhex(data[2:])).gas_used

    def _create(self, data):
        return self.send(None, data).contract_address

    def _receipt(self, tx_hash):
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            if receipt := transactions.receipt(self.pool, tx_hash):
                return receipt
            time.sleep(0.002)
        raise Refusal(f"The node did not mine {tx_hash} in time.")
