"""`flask chain recover`: after a database was restored from a backup, the chain's events tell what it does not know."""

from itertools import product

import click

from lms.chain import transactions
from lms.chain.contracts import BY_NAME, Certificate, Notary
from lms.db import db, patience, transaction
from lms.domain.audit import log
from lms.domain.certificates import actions as certificates
from lms.domain.ledger.models import Holder
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.rewards import actions as rewards
from lms.domain.wallet import custody, key_replacements, recovery
from lms.domain.withdrawals import releases
from lms.jobs import contract_calls, operation_batches, operation_outcomes
from lms.jobs import node as here
from lms.jobs.deposits import Arrivals
from lms.jobs.operate.command_groups import chain
from lms.jobs.operate.operations import adopt_lane
from lms.queue import enqueue


@chain.command()
@patience()
def recover():
    """Take over what the chain has done under numbers this database does not know; nothing is minted twice. May run twice."""
    pool, deployment, token = here.pool(), queries.deployment(), here.token()
    if token is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    final = transactions.final_block(pool)
    if any(pool.mined_nonce(address, final) < pool.mined_nonce(address) for address in here.addresses()):
        raise click.ClickException("The newest transactions are not final yet. Run this again when they are.")
    used = _used(pool, deployment, final)
    _finish(used, pool)
    arrivals = Arrivals(pool, deployment, final)
    with transaction():
        onchain.turn()  # nobody gives out a number, nor scans, beside this
        taken, lost = _rebuild(deployment, used, arrivals)
        log.record("chain recovered", f"part deployment {deployment.id}", taken=taken, lost=lost)
    for address in here.addresses():
        adopt_lane(address, pool)
    enqueue("settlement.settle")
    click.echo(f"{taken} operations taken over, {lost} lost numbers are being used up")


def _used(pool, deployment, final):
    """The receipt of every number that is used for good, by this block; numbers as `Operation.number`."""
    contracts = [BY_NAME[contract.name](contract.address) for contract in deployment.contracts]
    found = {(contract.name, op): tx_hash for contract in contracts for op, tx_hash in contract.used_ops(pool, deployment.first_block, final).items()}
    return {number: transactions.receipt(pool, tx_hash) for number, tx_hash in found.items()}


def _finish(used, pool):
    """End what our rows know and the chain has done: what left by it may have come back and been burned at an address that is lost."""
    for operation in map(queries.operation, queries.unfinished("queued", "signed", "sent", limit=None)):
        if operation.number in used and contract_calls.outcome(operation, used[operation.number]):
            operation_outcomes.used(operation, pool)
    for operation_id in queries.unfinished("mined", limit=None):
        if verb := operation_outcomes.finish(queries.operation(operation_id), pool):
            operation_batches.write({operation_id: verb})


def _rebuild(deployment, used, arrivals):
    """How many operations were taken over, and how many numbers were given out and lost. What left was paid from what had come before it."""
    highest, ours = max((op for _, op in used), default=0), queries.by_numbers(deployment)
    onchain.take_numbers(deployment, highest)
    onchain.locked([operation.id for operation in ours.values() if operation.is_open])  # and read anew: a lane may have signed one meanwhile
    for number in [number for number, operation in ours.items() if _is_in_the_way(operation, used.get(number))]:
        _forget(queries.operation(ours.pop(number).id), deployment)
    unknown = sorted(set(used) - set(ours), key=lambda number: (_place(used[number]), number))
    for number in unknown:
        arrivals.credit(before=_place(used[number]))
        _take_over(deployment, *number, used[number])
    arrivals.credit()
    lost = sorted(set(range(1, highest)) - {op for _, op in (*used, *ours)})
    for op, (name, kind) in product(lost, _VOIDED.items()):
        if deployment.address_of(name):
            onchain.queue_void(deployment, op, kind)
    rewards.fit_lots()
    return len(unknown), len(lost)


# Contract → kind of operation that uses up a lost number there: nobody knows for which it was. On a root nothing hangs.
_VOIDED = {"TeoCoin": "settle", "Certificate": "certificates"}


def _place(receipt):
    """Where on the chain it begins: its block, and its first log there."""
    return receipt.block_number, receipt.logs[0].index


def _is_in_the_way(operation, receipt):
    """It claims legs that a lost operation may have brought to the chain, or a number that was another's."""
    if receipt is None:
        return operation.state == "queued" and not operation.is_void
    return operation.is_open and contract_calls.outcome(queries.operation(operation.id), receipt) is None


def _forget(operation, deployment):
    onchain.renumber(operation, deployment)
    onchain.mark_failed(operation, "set aside when the database was restored from a backup")
    operation_outcomes.FOLLOWS[operation.kind][1](operation)


def _take_over(deployment, name, op, receipt):
    contract = BY_NAME[name](deployment.address_of(name))
    if name == Notary.name:
        recovery.take_over(deployment, op, receipt, "root")  # of a tree that was lost: nothing else hangs on it
    elif name == Certificate.name and (revoked := contract.revoked(receipt, op)) is not None:
        certificates.take_over_revocation(recovery.take_over(deployment, op, receipt, "revocation"), revoked)
    elif name == Certificate.name:
        issuance = contract.issuance(receipt, op)
        operation = recovery.take_over(deployment, op, receipt, "certificates")
        certificates.take_over(operation, *(issuance.issued, issuance.skips) if issuance else ((), ()))
    else:
        _take_over_of_token(deployment, contract, op, receipt)


def _take_over_of_token(deployment, token, op, receipt):
    released, settlement = token.released(receipt, op), token.settlement(receipt, op)
    operation = recovery.take_over(deployment, op, receipt, "release" if released else "settle")
    if released:
        _take_over_release(operation, *released)
    elif settlement:
        for kind, pairs in (("mint", settlement.mints), ("burn", settlement.burns)):
            for address, amount in pairs:
                recovery.take_over_entry(operation, address, kind, amount)


def _take_over_release(operation, address, to, amount):
    wallet = custody.wallet_at(address)
    if wallet is None:
        recovery.tell_lost(operation, address, "release", amount)
        return
    if to != address and custody.holders_at([to]).get(to) == wallet.holder_id:
        key_replacements.take_over(operation, wallet.holder_id, address, to, amount)
        return
    releases.take_over(operation, db.session.get_one(Holder, wallet.holder_id), address, to, amount)
