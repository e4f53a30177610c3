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
    lost = [attempt for attempt in attempts if attempt.operation.state in ("mined", "final")]
    created = [contract for contract in deployment.contracts if signer == deployment.signer and contract.nonce >= mined]
    if not (lost or created):
        return False
    if pool.mined_nonce(signer) != mined:  # mined while we asked: the next sweep looks again
        return False
    if pool.balance(signer) == 0:
        anvil.fund(pool, signer, 10**21)
    with transaction():
        for attempt in lost:
            onchain.mark_vanished(attempt.operation)
    for row in sorted([*created, *attempts], key=lambda row: row.nonce):
        transactions.broadcast(pool, row.raw)
    return True
