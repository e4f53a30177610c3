"""Operations that no job holds, and transactions that are stuck: found in the database by the clock, sent again, and for more when they have waited long."""

from datetime import timedelta

from lms import clock
from lms.chain import transactions
from lms.chain.block_cache import Glance
from lms.db import alone
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.jobs import chain, node, operation_batches, operation_outcomes
from lms.jobs.lanes import Lane
from lms.jobs.rebuild import rebuild

SOON = timedelta(seconds=5)  # so long the sweep leaves to a drive what it has sent


def sweep():
    """Find what no job holds: the database is the truth, jobs are hints."""
    pool, deployment = node.pool(), queries.deployment()
    if deployment is None:
        return
    if pool.chain_id == node.ANVIL:
        pool.forget_head()  # killed, it begins below its head, and is rebuilt
    chain.see(pool)
    lost = pool.chain_id == node.ANVIL and rebuild(deployment, pool)
    if lost is None:
        return
    # What is on its way first: a lane that halts keeps none of it back.
    lost = _finish(pool) or lost
    lanes = {signer.address: Lane(pool, signer) for signer in node.signers()}
    driven = list(filter(_is_driven, lanes))
    _watch(lanes, queries.unwatched(driven, clock.now() - SOON), pool)
    # What is signed may be mined all the same: a node had it before its worker died, and takes no other under that nonce.
    sent = sum(_bring_out(some, lanes, pool) for some in operation_batches.parts(chain.look_at(queries.unfinished("signed"), pool)))
    sent += sum(chain.take_queued(lane) for address, lane in lanes.items() if address not in driven)
    if sent or lost:
        chain.hurry()


def _is_driven(address):
    """Whether a drive is at this lane. The lane is let go at once: a drive that came meanwhile would take the sweep for another."""
    with alone(f"lane {address}") as is_alone:
        return not is_alone


def _finish(pool):
    """How many of those that were mined the chain has left behind."""
    glance, lost = Glance(pool), 0
    for some in operation_batches.parts(queries.unfinished("mined")):
        mints = queries.only_mints(some)
        verbs = operation_batches.each(queries.operations(some), lambda operation, mints=mints: operation_outcomes.finish(operation, glance, operation.id in mints))
        operation_batches.write({each: verb for each, verb in verbs.items() if verb})
        lost += sum(verb is onchain.mark_vanished for verb in verbs.values())
    return lost


def _watch(lanes, operation_ids, pool):
    """Look at these that are on their way; they are sent again, and for more what has waited long."""
    for operation in chain.look_at(operation_ids, pool):
        with operation_batches.telling([operation.id]):
            chain.send_again([operation], pool)
            _bump(operation, lanes)


def _bring_out(operations, lanes, pool):
    """Send these that no node has said it took; how many one has now. The others offer more in their time: the chain may ask for more than when they were signed."""
    chain.send_again(operations, pool)
    for operation in operations:
        if operation.state == "signed" and not transactions.lacks_funds(operation.error or ""):
            with operation_batches.telling([operation.id]):
                _bump(operation, lanes)
    return sum(operation.state == "sent" for operation in operations)


def _bump(operation, lanes):
    """Those of a signer whose key is not here are sent as they are."""
    if operation.signer in lanes:
        lanes[operation.signer].bump(operation)
