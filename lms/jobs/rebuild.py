"""anvil forgets its newest blocks when it is killed: the stored bytes, in the order they were mined, rebuild them exactly."""

import math

from lms.chain import anvil, transactions
from lms.db import transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries


def rebuild(deployment, pool):
    """Send again what a development chain has lost; True when that was something. None while the contracts themselves are on their way:
    what is sent to an address without code is mined as well, and does nothing."""
    mined = {signer: pool.mined_nonce(signer) for signer in {deployment.signer, *queries.signers()}}
    created = [contract for contract in deployment.contracts if contract.nonce >= mined[deployment.signer]]
    attempts = {signer: queries.attempts_from(signer, nonce) for signer, nonce in mined.items()}
    broken = {signer for signer, rows in attempts.items() if any(not row.operation.is_open for row in rows)}
    if created:
        _found_again(deployment, mined[deployment.signer], attempts[deployment.signer], pool)
    if not all(anvil.has_code(pool, contract.address) for contract in created):
        return None
    # Mined while we asked: the next sweep looks again.
    still = broken - {deployment.signer} if created else broken
    if broken and all(pool.mined_nonce(signer) == mined[signer] for signer in still):
        _bring_back([row for signer in broken for row in _as_mined(attempts[signer])], broken, pool)
    return bool(broken)


def _found_again(deployment, nonce, attempts, pool):
    """Send what makes the contracts, in nonce order from this one on: of each nonce the highest bid, and what was signed between two of them, or the later one would wait for ever.

    That is on its way again from now on: once a block has it, the chain's nonce is past it and no later sweep would find it missing."""
    bids = {bid.nonce: bid for contract in deployment.contracts for bid in contract.creations if bid.nonce >= nonce}
    between = {attempt.nonce: attempt for attempt in _as_mined(attempts) if attempt.nonce < max(bids)}
    _mark_vanished(between.values())
    _send_again([row for _, row in sorted((between | bids).items())], [deployment.signer], pool)


def _bring_back(attempts, signers, pool):
    """In the order of their blocks over all signers: a release needs the tokens that another signer's settlement brought."""
    again = sorted(attempts, key=lambda row: (row.operation.block_number or math.inf, row.signer, row.nonce))
    _mark_vanished(attempts)
    _send_again(again, signers, pool)


def _mark_vanished(attempts):
    with transaction():
        for operation in {row.operation for row in attempts}:
            if operation.state in ("mined", "final"):
                onchain.mark_vanished(operation)


def _send_again(rows, signers, pool):
    for signer in signers:
        if pool.balance(signer) == 0:
            anvil.fund(pool, signer, 10**21)
    for row in rows:
        transactions.broadcast(pool, row.raw)


def _as_mined(attempts):
    """Of those that shared a nonce only the one that won it: what was dropped, and given back, must not happen now."""
    won = {attempt.nonce: attempt for attempt in attempts if not attempt.operation.is_open and attempt.tx_hash == attempt.operation.tx_hash}
    return [attempt for attempt in attempts if won.get(attempt.nonce, attempt) is attempt]
