"""`flask chain recover`: after a database was restored from a backup, the chain's events tell what it does not know."""

import click

from lms.chain import transactions
from lms.chain.contracts import Notary
from lms.db import db, transaction
from lms.domain.ledger.models import Holder
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.rewards import actions as rewards
from lms.domain.wallet import custody, deposits, moves, recovery
from lms.domain.withdrawals import actions as withdrawals
from lms.jobs import calls, outcomes, together
from lms.jobs import node as here
from lms.jobs.deposits import Arrivals
from lms.jobs.operate.groups import chain
from lms.jobs.operate.operations import adopt_lane
from lms.queue import enqueue


@chain.command()
def recover():
    """Take over what the chain has done under numbers this database does not know; nothing is minted twice. May run twice."""
    pool, deployment, token = here.pool(), queries.deployment(), here.token()
    notary = _notary(deployment)
    if token is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    final = transactions.final_block(pool)
    if any(pool.mined_nonce(address, final) < pool.mined_nonce(address) for address in here.addresses()):
        raise click.ClickException("The newest transactions are not final yet. Run this again when they are.")
    used = (_used(pool, deployment, notary, final) if notary else {}) | _used(pool, deployment, token, final)
    _finish(used, pool)
    arrivals = Arrivals(pool, deployment, final)
    with transaction():
        deposits.scanned(deployment)  # and locked: no scan goes on beside this
        taken, lost = _rebuild(deployment, token, notary, used, arrivals)
    for address in here.addresses():
        adopt_lane(address, pool)
    enqueue("settlement.settle")
    click.echo(f"{taken} operations taken over, {lost} lost numbers are being used up")


def _notary(deployment):
    address = deployment and deployment.address_of(Notary.name)
    return Notary(address) if address else None


def _used(pool, deployment, contract, final):
    """The receipt of every op number that is used for good, by this block."""
    found = contract.used_ops(pool, deployment.first_block, final)
    return {op: transactions.receipt(pool, tx_hash) for op, tx_hash in found.items()}


def _finish(used, pool):
    """End what our rows know and the chain has done: what left by it may have come back and been burned at an address that is lost."""
    for operation in map(queries.operation, queries.unfinished("queued", "signed", "sent", limit=None)):
        if operation.op in used and calls.outcome(operation, used[operation.op]):
            outcomes.used(operation, pool)
    for operation_id in queries.unfinished("mined", limit=None):
        if verb := outcomes.finish(queries.operation(operation_id), pool):
            together.write({operation_id: verb})


def _rebuild(deployment, token, notary, used, arrivals):
    """How many operations were taken over, and how many numbers were given out and lost. What left was paid from what had come before it."""
    highest, ours = max(used, default=0), queries.by_numbers(deployment)
    onchain.take_numbers(deployment, highest)
    for op in [op for op, operation in ours.items() if _is_in_the_way(operation, used.get(op))]:
        _forget(queries.operation(ours.pop(op).id), deployment)
    unknown = sorted(set(used) - set(ours), key=lambda op: (_place(used[op]), op))
    for op in unknown:
        arrivals.credit(before=_place(used[op]))
        _take_over(deployment, token, notary, op, used[op])
    arrivals.credit()
    lost = [op for op in range(1, highest) if op not in used and op not in ours]
    for op in lost:
        onchain.queue_void(deployment, op)
    rewards.fit_lots()
    return len(unknown), len(lost)


def _place(receipt):
    """Where on the chain it begins: its block, and its first log there."""
    return receipt.block_number, receipt.logs[0].index


def _is_in_the_way(operation, receipt):
    """It claims legs that a lost operation may have brought to the chain, or a number that was another's."""
    if receipt is None:
        return operation.state == "queued" and not operation.is_void
    return operation.is_open and calls.outcome(queries.operation(operation.id), receipt) is None


def _forget(operation, deployment):
    onchain.renumber(operation, deployment)
    onchain.mark_failed(operation, "set aside when the database was restored from a backup")
    outcomes.FOLLOWS[operation.kind][1](operation)


def _take_over(deployment, token, notary, op, receipt):
    if notary and notary.publication(receipt, op):
        recovery.take_over(deployment, op, receipt, "root")  # of a tree that was lost: nothing else hangs on it
        return
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
        moves.take_over(operation, wallet.holder_id, address, to, amount)
        return
    withdrawals.take_over(operation, db.session.get_one(Holder, wallet.holder_id), address, to, amount)
