"""What comes to our addresses from outside, and what nobody of ours did."""

from lms import live
from lms.chain import anvil
from lms.chain import node as reader
from lms.chain.transactions import FINAL_DEPTH
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import deposits
from lms.domain.wallet import queries as wallets
from lms.jobs import node

NOBODY = "0x" + "00" * 20
MOST_BLOCKS = 2_000  # what an endpoint answers logs of in one call
FORGOTTEN = 64  # blocks: more than a development node forgets of a chain it kept


def scan():
    """Record the final transfers to our addresses since the last scan, then credit what is due."""
    pool, deployment = node.pool(), onchain.deployment()
    if deployment is None:
        return
    last = _last_final(pool)
    with transaction():
        scanned = deposits.scanned(deployment)
        first = _first(scanned, last, pool)
        last = min(last, first + MOST_BLOCKS - 1)
        if first <= last:
            _record(deployment, reader.transfers(pool, deployment.token_address, first, last), scanned, last)
    with transaction():
        credited = deposits.credit()
    for user_id in wallets.members_of(list(credited)):
        live.push(user_id, "balance_chip", "balance", "activity")


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


def _last_final(pool):
    depth = 1 if pool.chain_id == anvil.CHAIN_ID else FINAL_DEPTH
    return min(pool.finalized(), pool.head().number - depth + 1)
