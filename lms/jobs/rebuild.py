"""anvil forgets its newest blocks when it is killed: the stored bytes, in nonce order, rebuild them exactly."""

from lms.chain import anvil, transactions
from lms.db import transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries


def rebuild(deployment, pool):
    """Send again, signer by signer, what a development chain has lost; True when it had lost something."""
    return any([_lane(deployment, signer, pool) for signer in {deployment.signer, *queries.signers()}])


def _lane(deployment, signer, pool):
    mined = pool.mined_nonce(signer)
    attempts = queries.attempts_from(signer, mined)
    lost = [attempt for attempt in attempts if not attempt.operation.is_open]
    created = [contract for contract in deployment.contracts if signer == deployment.signer and contract.nonce >= mined]
    if not (lost or created):
        return False
    if pool.mined_nonce(signer) != mined:  # mined while we asked: the next sweep looks again
        return False
    if pool.balance(signer) == 0:
        anvil.fund(pool, signer, 10**21)
    again = sorted([*created, *_as_mined(attempts)], key=lambda row: row.nonce)
    with transaction():
        for attempt in lost:
            if attempt.operation.state != "failed":
                onchain.mark_vanished(attempt.operation)
    for row in again:
        transactions.broadcast(pool, row.raw)
    return True


def _as_mined(attempts):
    """Of those that shared a nonce only the one that won it: what was dropped, and given back, must not happen now."""
    won = {attempt.nonce: attempt for attempt in attempts if not attempt.operation.is_open and attempt.tx_hash == attempt.operation.tx_hash}
    return [attempt for attempt in attempts if won.get(attempt.nonce, attempt) is attempt]
