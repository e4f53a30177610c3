"""What comes to our addresses from outside, and what nobody of ours did."""

from collections import deque

from lms import live
from lms.chain import anvil, blocks
from lms.chain import node as reader
from lms.chain.transactions import final_block
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import deposits
from lms.domain.wallet import queries as wallets
from lms.jobs import node

NOBODY = "0x" + "00" * 20
FORGOTTEN = 64  # blocks: more than a development node forgets of a chain it kept


def scan():
    """Record the final transfers to our addresses since the last scan, then credit what is due."""
    pool, deployment = node.pool(), onchain.deployment()
    if deployment is None:
        return
    last = final_block(pool)
    with transaction():
        scanned = deposits.scanned(deployment)
        first = _first(scanned, last, pool)
        last = min(last, first + blocks.MOST - 1)
        if first <= last:
            _record(deployment, reader.transfers(pool, deployment.token_address, first, last), scanned, last)
    with transaction():
        credited = deposits.credit()
    for user_id in wallets.members_of(list(credited)):
        live.push(user_id, "balance_chip", "balance", "activity")


class Arrivals:
    """What came to our addresses since the last scan and is final, to be credited in the chain's order between what went out."""

    def __init__(self, pool, deployment, last):
        """Up to the block `last`, which is final."""
        self.deployment, self.scanned = deployment, deployment.scanned_block
        first = _first(self.scanned, last, pool)
        self.last = last if first <= last else self.scanned
        self._transfers = deque(reader.transfers(pool, deployment.token_address, first, last))

    def credit(self, before=None):
        """Record and credit what stands before this place, (block, index of the log), or all that is left."""
        part = []
        while self._transfers and (before is None or (self._transfers[0].block_number, self._transfers[0].log_index) < before):
            part.append(self._transfers.popleft())
        _record(self.deployment, part, self.scanned, self.last)
        deposits.credit_all()


def _record(deployment, transfers, scanned, last):
    """A mint in a transaction we never signed has no operation of ours behind it: nothing goes on before somebody has looked."""
    ours = onchain.known_hashes({transfer.tx_hash for transfer in transfers})
    for transfer in transfers:
        if transfer.source == NOBODY and transfer.block_number > scanned and transfer.tx_hash not in ours:
            audit.open_incident("foreign mint", transfer.tx_hash, to=transfer.target, amount=transfer.amount)
            audit.stop("settlement", "The chain minted TEO that is not ours.")
    deposits.record(deployment, [transfer for transfer in transfers if transfer.source != NOBODY], last)


def _first(scanned, last, pool):
    """A development node that was killed forgets its newest blocks, also final ones, and makes others in their place: those are read again."""
    if pool.chain_id != anvil.CHAIN_ID:
        return scanned + 1
    return max(1, scanned + 1 - FORGOTTEN) if last >= scanned else 1
