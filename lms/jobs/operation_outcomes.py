"""What the chain's answer means for an operation, and what follows from it for those it was for."""

from functools import partial

from lms.chain import transactions
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.certificates import actions as certificates
from lms.domain.onchain import actions as onchain
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import key_replacements
from lms.domain.withdrawals import releases
from lms.jobs import announce, contract_calls, node, operation_batches

# Kind of operation → (when it is final, when it has failed for good): verbs that take the operation, in the same transaction.
FOLLOWS = {
    "settle": (lambda operation: None, wallet.uncover),
    "move": (lambda operation: None, key_replacements.stay),
    "release": (releases.mark_sent, releases.give_back),
    "root": (lambda operation: None, lambda operation: None),
    "certificates": (lambda operation: None, certificates.wait_again),
    "revocation": (lambda operation: None, certificates.revoke_again),
}
# What no later try would change; anything else (a pause, the bound, a role) is tried again.
_FOR_GOOD = ("ReleaseExpired", "NotTheHolder", "TransferToToken", "ERC20InvalidReceiver", "AlreadyPublished")


def look(operation, pool):
    """What its receipt asks for, as a verb that takes the operation; None where there is no receipt. A failure counts only under the newest nonce: an older one was dealt with."""
    receipts = [(attempt, transactions.receipt(pool, attempt.tx_hash)) for attempt in reversed(operation.attempts)]
    found = [(attempt, receipt) for attempt, receipt in receipts if receipt]
    for _, receipt in found:
        if receipt.succeeded:
            return _mined(operation, receipt, pool)
    for attempt, receipt in found:
        if attempt.nonce == operation.attempts[-1].nonce:
            return _reverted(attempt.nonce, receipt, pool)
    return None


def wait(operation):
    """There is a receipt, and it is too early to write anything."""


def refused(operation, refusal, pool):
    """The contract says no to what is not sent. It stays queued and is tried again, unless no later try would change it.

    Whatever the contract says first: a number that is used was used by an attempt we have lost, before a release expired, or by somebody else."""
    if refusal.reason.startswith("OpUsed") or contract_calls.contract(operation).op_used(pool, operation.op):
        used(operation, pool)
        return
    with transaction():
        onchain.lock(operation)
        if operation.state != "queued":  # another worker has used it meanwhile, for us
            return
        onchain.note(operation, str(refusal))
        if operation.kind == "move" and refusal.reason.startswith("ERC20InsufficientBalance") and key_replacements.has_firm_ground(operation):
            audit.open_incident("move refused", operation.id, why=str(refusal))  # who else has the old key was faster
        if operation.kind != "settle" and refusal.reason.startswith(_FOR_GOOD):
            _fail(operation, str(refusal))
    announce.progress(operation.id)


def withheld(operation, why):
    """Its member was suspended, or froze his wallet, before anybody signed it: it never left, and is given back."""
    with transaction():
        onchain.lock(operation)
        if operation.state == "queued" and not operation.attempts:
            _fail(operation, why)
    announce.progress(operation.id)


def used(operation, pool):
    """The chain has its number already: done when the chain's logs hold our entries, an incident when not."""
    tx_hash = contract_calls.contract(operation).find_used(pool, operation.op, operation.deployment.first_block)
    receipt = transactions.receipt(pool, tx_hash) if tx_hash else None
    if receipt is None:  # an endpoint has not caught up: nothing is decided on half of the evidence
        return
    if contract_calls.outcome(operation, receipt):
        operation_batches.write({operation.id: _mined(operation, receipt, pool) or wait})
        return
    given_twice(operation, tx_hash)


def given_twice(operation, tx_hash):
    """The chain has its number, of another operation, by this transaction: nothing goes on before an operator has looked. None while an endpoint has not caught up: not signed."""
    if tx_hash is None:
        return
    with transaction():
        onchain.lock(operation)
        if operation.state == "queued":
            onchain.note(operation, "the chain has this number, and not with our entries")
            _not_ours(operation, tx_hash)


def finish(operation, pool, is_only_mints=False):
    """The verb that makes it final, or `onchain.mark_vanished` when the chain has left its block behind; None while neither is so.

    Where it only mints, its block says what its receipt would: with the same hash it holds the same transactions, and they did the same."""
    block = pool.block(operation.block_number)
    if block is None or block.hash != operation.block_hash:
        return onchain.mark_vanished
    if is_only_mints:
        return partial(_final, became=contract_calls.Outcome()) if transactions.is_final(pool, operation) else None
    receipt = transactions.receipt(pool, operation.tx_hash) if transactions.is_final(pool, operation) else None
    return receipt and partial(_final, became=contract_calls.outcome(operation, receipt))


def _mined(operation, receipt, pool):
    depth = transactions.confirmations(pool, receipt)
    if depth < node.depth():
        return wait if depth > 0 else None  # on its way down, the sweep looks again; or its block is gone
    became = contract_calls.outcome(operation, receipt)
    return partial(_not_ours, tx_hash=receipt.tx_hash) if became is None else partial(_bring, receipt=receipt, became=became)


def _bring(operation, receipt, became):
    onchain.mark_mined(operation, receipt)
    if became.is_void:
        operation.is_void = True  # also where our rows have lost that somebody dropped it
    else:
        onchain.close_entries(operation, but=became.refused)


def _reverted(nonce, receipt, pool):
    """A final revert used its nonce and nothing else: the same op goes again under the next one."""
    if not transactions.is_final(pool, receipt):
        return wait
    return partial(onchain.requeue, nonce=nonce, why=f"reverted in block {receipt.block_number}")


def _not_ours(operation, tx_hash):
    audit.open_incident("not our entries", operation.op, operation=operation.id, transaction=tx_hash)
    audit.stop("settlement", f"operation {operation.id} did not do what it says")


def _final(operation, became):
    if operation.state != "mined":
        return
    if became.is_void:
        _fail(operation, "dropped by an operator")
        return
    onchain.mark_final(operation)
    if became.refused:
        wallet.uncover(operation, became.refused)
        for holder_id in became.refused:
            audit.open_incident("burn skipped", holder_id, operation=operation.id)
    FOLLOWS[operation.kind][0](operation)


def _fail(operation, why):
    onchain.mark_failed(operation, why)
    FOLLOWS[operation.kind][1](operation)
