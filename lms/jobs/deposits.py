"""What comes to our addresses from outside, and what nobody of ours did."""

import logging
from collections import deque

from redis.exceptions import RedisError

from lms import live, pending_deposits
from lms.chain import anvil, blocks
from lms.chain import node as reader
from lms.chain.transactions import final_block
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import custody, deposits, holders
from lms.jobs import node
from lms.queue import queue

log = logging.getLogger(__name__)

FORGOTTEN = 64  # blocks: more than a development node forgets of a chain it kept
_SCANNED = "scanned-block"  # in Redis: the hash of the last one


def scan():
    """Record the final transfers to our addresses since the last scan, then credit what is due: also what one that died has recorded only.

    The node is asked while the deployment's row is locked, so that nothing is read twice; no page waits for that row, and a node that hangs is given up."""
    pool, deployment = node.pool(), onchain.deployment()
    if deployment is None:
        return
    last = final_block(pool)
    with transaction():
        scanned = deposits.scanned(deployment)
        first = _first(scanned, last, pool)
        last = min(last, first + blocks.MOST - 1)
        block = pool.block(last) if first <= last else None  # asked before its logs: if the node forgets it meanwhile, they are read again
        if block:
            _record(deployment, reader.transfers(pool, deployment.token_address, first, last), scanned, last)
    if block:
        _remember(block)
    with transaction():
        credited = deposits.credit()
    for user_id in holders.members_of(list(credited)):
        live.push(user_id, *live.BALANCE, "deposits")
    _look_ahead(pool, deployment, max(last, scanned))


def _look_ahead(pool, deployment, final):
    """Tell members what comes to them in the blocks above the final ones: nothing is credited by it, and a block that vanishes takes it back."""
    head, arriving = pool.head().number, {}
    found = [transfer for transfer in reader.transfers(pool, deployment.token_address, final + 1, head) if not transfer.is_mint]
    for transfer, _ in deposits.incoming(found):
        arrival = pending_deposits.Arrival(transfer.amount, head - transfer.block_number + 1, head - final + 1)
        arriving.setdefault(transfer.target, []).append(arrival)
    receivers = custody.holders_at(pending_deposits.keep(arriving))
    for user_id in live.listening(holders.members_of(list(receivers.values()))):
        live.push(user_id, "deposits")


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
        if transfer.is_mint and transfer.block_number > scanned and transfer.tx_hash not in ours:
            audit.open_incident("foreign mint", transfer.tx_hash, to=transfer.target, amount=transfer.amount)
            audit.stop("settlement", "The chain minted TEO that is not ours.")
    deposits.record(deployment, [transfer for transfer in transfers if not transfer.is_mint], last)


def _first(scanned, last, pool):
    """A development node that was killed forgets its newest blocks, also final ones, and makes others in their place: those are read again."""
    if pool.chain_id != anvil.CHAIN_ID or _has_kept(scanned, pool):
        return scanned + 1
    return max(1, scanned + 1 - FORGOTTEN) if last >= scanned else 1


def _has_kept(scanned, pool):
    """Whether the block that was scanned last is the chain's still; not where nobody remembers it."""
    block = pool.block(scanned)
    try:
        return block is not None and queue.redis.get(_SCANNED) == block.hash.encode()
    except RedisError:
        return False


def _remember(block):
    try:
        queue.redis.set(_SCANNED, block.hash)
    except RedisError as error:
        log.warning("scanned block not remembered", extra={"error": type(error).__name__})
