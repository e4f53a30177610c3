"""Operations through their life: sign, save, broadcast, confirm. Each job may run twice and at any line be killed."""

import logging
import time
from types import SimpleNamespace

from lms.chain import anvil, transactions, vault
from lms.chain.contracts import Burn, TeoCoin
from lms.chain.errors import ChainError, CodeMismatch, Reverted
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.wallet import queries as wallets
from lms.errors import DomainError
from lms.jobs import announce, node
from lms.jobs.wallets import owner
from lms.queue import enqueue

log = logging.getLogger(__name__)

# A job waits this long for the block its transaction should be in; then the sweep looks after it.
PATIENCE = 4  # seconds
STEP = 0.1


def submit(operation_id):
    """Sign and save a queued operation, then broadcast what is saved."""
    operation = queries.operation(operation_id)
    if not operation.is_open:
        return
    pool = node.pool()
    if operation.state == "queued" and not _sign(operation, pool):
        return
    _broadcast(operation, pool)
    enqueue("chain.confirm", operation_id)


def confirm(operation_id):
    """Wait a little for the receipt; the operation is on chain when its block is deep enough."""
    operation = queries.operation(operation_id)
    pool = node.pool()
    until = time.monotonic() + PATIENCE
    while operation.state == "sent" and not _look(operation, pool) and time.monotonic() < until:
        time.sleep(STEP)


def sweep():
    """Find what no job holds: the database is the truth, jobs are hints."""
    pool, deployment = node.pool(), queries.deployment()
    if deployment is None:
        return
    head = pool.head()
    with transaction():
        onchain.see_chain(head.number)
    if pool.chain_id == node.ANVIL:
        _rebuild(deployment, pool)
    # What is on its way first: a lane that halts keeps none of it back.
    _each("mined", lambda operation: _finish(operation, pool))
    _each("sent", lambda operation: _look(operation, pool) or _broadcast(operation, pool))
    _each("signed", lambda operation: submit(operation.id))
    _each("queued", lambda operation: submit(operation.id))


def _each(state, deed):
    """Do it for every operation in this state; one that cannot get on says why and keeps no other back."""
    for operation_id in queries.unfinished(state):
        try:
            deed(queries.operation(operation_id))
        except (ChainError, DomainError) as error:
            log.warning("operation waits", extra={"operation": operation_id, "error": type(error).__name__})
            _tell(queries.operation(operation_id), error)


def _tell(operation, error):
    with transaction():
        onchain.note(operation, str(error))
        if isinstance(error, onchain.LaneHalted):
            audit.open_incident("lane halted", operation.deployment.signer, why=str(error))


def _sign(operation, pool):
    """Take a nonce, sign, and commit the bytes. False when the chain would refuse the operation now."""
    token, signer = TeoCoin(operation.deployment.token_address), node.signer()
    _check_chain(operation.deployment, token, pool)
    data = _call_data(operation, token)
    try:
        gas = transactions.estimate_gas(pool, signer.address, token.address, data)
    except Reverted as refusal:
        _refused(operation, refusal)
        return False
    mined, fees = pool.mined_nonce(signer.address), transactions.fees(pool)
    with transaction():
        onchain.lock(operation)
        if operation.state == "queued":
            nonce = onchain.take_nonce(operation, signer.address, mined)
            signed = transactions.sign(signer, pool.chain_id, token.address, data, nonce, fees, gas)
            onchain.mark_signed(operation, SimpleNamespace(**vars(signed), signer=signer.address, gas=gas))
            onchain.note(operation, None)
    return True


def _check_chain(deployment, token, pool):
    """An operation belongs to its deployment: on another chain, or without its code, nothing is signed."""
    if deployment.chain_id != pool.chain_id:
        raise CodeMismatch(f"the operation belongs to chain {deployment.chain_id}, and this is {pool.chain_id}")
    token.check_code(pool)


def _call_data(operation, token):
    burns = [entry for entry in operation.entries if entry.kind == "burn"]
    sealed = wallets.sealed_keys([entry.holder_id for entry in burns])
    return token.settle_data(
        operation.op,
        [(entry.address, entry.amount) for entry in operation.entries if entry.kind == "mint"],
        [_signed_burn(entry, sealed[entry.holder_id], operation) for entry in burns],
    )


def _signed_burn(entry, sealed, operation):
    key = vault.open_key(sealed, owner(entry.holder_id), node.kek())
    deployment = operation.deployment
    return Burn(entry.address, entry.amount, vault.sign_burn(key, deployment.chain_id, deployment.token_address, entry.amount, operation.op))


def _refused(operation, refusal):
    """The contract says no (paused, bound, role): it stays queued and is tried again; an op used by others is an incident."""
    with transaction():
        onchain.lock(operation)
        if operation.state != "queued":  # another worker has used it meanwhile, for us
            return
        onchain.note(operation, str(refusal))
        if refusal.reason.startswith("OpUsed"):
            audit.open_incident("op used", operation.op, operation=operation.id, why=refusal.reason)
            audit.stop("settlement", refusal.reason)


def _broadcast(operation, pool):
    """The same bytes again are harmless; what no node takes is tried again by the sweep."""
    sent = transactions.broadcast(pool, operation.attempts[-1].raw)
    with transaction():
        onchain.lock(operation)
        onchain.note(operation, None if sent.accepted else "; ".join(sent.refusals))
        if sent.accepted:
            onchain.mark_sent(operation)


def _look(operation, pool):
    """True when a receipt was found and dealt with. A failure counts only under the newest nonce: an older one was dealt with."""
    receipts = [(attempt, transactions.receipt(pool, attempt.tx_hash)) for attempt in reversed(operation.attempts)]
    found = [(attempt, receipt) for attempt, receipt in receipts if receipt]
    for _, receipt in found:
        if receipt.succeeded:
            return _mined(operation, receipt, pool)
    for attempt, receipt in found:
        if attempt.nonce == operation.attempts[-1].nonce:
            return _reverted(operation, attempt.nonce, receipt, pool)
    return False


def _mined(operation, receipt, pool):
    depth = transactions.confirmations(pool, receipt)
    if depth < node.depth():
        return depth > 0  # on its way down, the sweep looks again; or its block is gone
    settlement = TeoCoin(operation.deployment.token_address).settlement(receipt, operation.op)
    with transaction():
        onchain.lock(operation)
        if settlement is None or not settlement.brought(_pairs(operation, "mint"), _pairs(operation, "burn")) or settlement.skips:
            audit.open_incident("not our entries", operation.op, operation=operation.id, transaction=receipt.tx_hash)
            audit.stop("settlement", f"operation {operation.id} did not do what it says")
            return True
        onchain.mark_mined(operation, receipt)
    announce.progress(operation)
    enqueue("settlement.settle")
    return True


def _pairs(operation, kind):
    return [(entry.address, entry.amount) for entry in operation.entries if entry.kind == kind]


def _reverted(operation, nonce, receipt, pool):
    """A final revert used its nonce and nothing else: the same op goes again under the next one."""
    if not transactions.is_final(pool, receipt):
        return True
    with transaction():
        onchain.lock(operation)
        onchain.requeue(operation, nonce, f"reverted in block {receipt.block_number}")
    return True


def _finish(operation, pool):
    """Final, or sent again when the chain has left its block behind."""
    block, receipt = pool.block(operation.block_number), transactions.receipt(pool, operation.tx_hash)
    stands = block is not None and block.hash == operation.block_hash
    if stands and not (receipt and transactions.is_final(pool, receipt)):
        return
    with transaction():
        onchain.lock(operation)
        if stands:
            onchain.mark_final(operation)
        elif operation.state == "mined":
            onchain.mark_vanished(operation)
    announce.progress(operation)


def _rebuild(deployment, pool):
    """anvil forgets its newest blocks when it is killed: the stored bytes, in nonce order, rebuild them exactly."""
    mined = pool.mined_nonce(deployment.signer)
    attempts = queries.attempts_from(deployment.signer, mined)
    lost = [attempt for attempt in attempts if attempt.operation.state in ("mined", "final")]
    if not lost and deployment.nonce < mined:
        return
    if pool.mined_nonce(deployment.signer) != mined:  # mined while we asked: the next sweep looks again
        return
    if pool.balance(deployment.signer) == 0:
        anvil.fund(pool, deployment.signer, 10**21)
    with transaction():
        for attempt in lost:
            onchain.mark_vanished(attempt.operation)
    if deployment.nonce >= mined:
        transactions.broadcast(pool, deployment.raw)
    for attempt in attempts:
        transactions.broadcast(pool, attempt.raw)
