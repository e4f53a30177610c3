"""Operations through their life: sign, save, broadcast, confirm. Each job may run twice and at any line be killed. What none holds or is stuck: stuck_transactions."""

import logging
import time
from datetime import timedelta

from lms import clock
from lms.chain import transactions
from lms.chain.block_cache import Glance
from lms.chain.errors import ChainError, RpcDisagreement
from lms.db import alone, db, transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries, signer_lanes
from lms.domain.withdrawals import halt
from lms.jobs import node, operation_batches, operation_outcomes
from lms.jobs.lanes import PAYOUTS, Lane, broadcast
from lms.queue import enqueue, queue

log = logging.getLogger(__name__)

# A drive goes on this long while something is on its way; then the next one does, so that other jobs get their turn.
PATIENCE = 8  # seconds
STEP = 0.2
LYING = timedelta(seconds=2)  # then any lane takes what another one should have signed


def hurry():
    """Ask for a drive of each lane."""
    for address in node.addresses():
        enqueue("chain.drive", address)


def submit(operation_id):
    """Sign and save one operation in the first lane that is not retired, then broadcast what is saved."""
    operation = queries.operation(operation_id)
    if operation.is_open and _submit(operation, Lane(node.pool(), (node.settlers() or node.signers())[0])):
        hurry()


def drive(address):
    """Bring forward what this signer can, until nothing of it is on its way; a second drive of the same lane leaves it alone."""
    queue.begun("chain.drive", address)
    lane = Lane(node.pool(), node.signer(address))
    with alone(f"lane {address}") as is_alone:
        is_more = is_alone and _drive(lane)
    if is_more:  # asked for once the lane is let go, or who comes at once would leave it alone
        enqueue("chain.drive", address)


def take_queued(lane, place=0, lanes=1):
    """Sign, save and send what waits, as long as the lane has room; how many that were.

    One of four lanes at once leaves to the other three their share, until it lies: all would simulate the same operations, and one would sign them."""
    waiting, sent = queries.queued_for(place, lanes, clock.now() - LYING, but=PAYOUTS if halt.is_stopped() else ()), 0
    while some := _fitting(lane, waiting):
        waiting = waiting[len(some) :]
        sent += lane.take([operation for operation in queries.operations(some) if operation.state == "queued"])
    return sent


def _fitting(lane, waiting):
    """The first of these, as many as there is room for and one transaction writes; none where the chain does not say, which they are told."""
    fitting = []
    with operation_batches.telling(waiting):
        fitting = waiting[: min(lane.room(), operation_batches.MOST)] if waiting else []
    return fitting  # noqa: RET504 - what goes wrong above is told there and ends here


def see(pool):
    head = pool.head()
    with transaction():
        onchain.see_chain(head)
    for address in node.addresses():
        try:
            balance, mined = pool.balance(address), pool.mined_nonce(address)
            with transaction():
                signer_lanes.see_signer(address, balance, mined)
            _look_for_strangers(address, mined, pool)
        except ChainError as error:  # one endpoint lags: the operations are looked after all the same
            log.warning("signer not seen", extra={"signer": address, "error": type(error).__name__})


def _look_for_strangers(address, mined, pool):
    """A nonce our rows do not know, or one that is final, ours by our rows, and in no transaction of ours: somebody else signs with this key."""
    if mined > queries.signers()[address].next_nonce:
        _halt(address, nonce=mined - 1)
    oldest = queries.oldest_sent(address)
    if oldest is None or oldest.attempts[-1].nonce >= pool.mined_nonce(address, transactions.final_block(pool)):
        return
    if all(transactions.is_missing(pool, attempt.tx_hash) for attempt in oldest.attempts):
        _halt(address, operation=oldest.id, nonce=oldest.attempts[-1].nonce)


def _halt(address, **where):
    with transaction():
        signer_lanes.halt(address, "A transaction that is not ours has taken a nonce of this signer.")
        audit.open_incident("foreign nonce", address, **where)


def _drive(lane):
    """True when it has signed and is not done: there is more to do than one drive does."""
    until, seen, in_all, place = time.monotonic() + PATIENCE, None, 0, node.place(lane.signer.address)
    is_under_way = False
    while time.monotonic() < until:
        head = lane.pool.head().number
        if head != seen:
            lane.look_again()
        signed = take_queued(lane, *place)  # first: while the node works on these, those of the last block are looked at
        if head != seen:
            look_at(_perhaps_mined(lane), lane.pool)
        if head != seen or signed:
            is_under_way = bool(queries.unfinished("sent", signer=lane.signer.address, limit=1))
        seen, in_all = head, in_all + signed
        if not (signed or is_under_way):
            return False
        db.session.rollback()  # what others did meanwhile is seen anew, and no transaction waits with us
        time.sleep(STEP)
    return in_all > 0


def _perhaps_mined(lane):
    """Ids of what is on its way and may have a receipt: none under a nonce that the chain has not come to."""
    address = lane.signer.address
    try:
        return queries.perhaps_mined(address, lane.pool.mined_nonce(address))
    except RpcDisagreement:  # one endpoint lags: each receipt says for itself whether two have it
        return queries.unfinished("sent", signer=address)


def look_at(operation_ids, pool):
    """Deal with the receipts of these; the operations that have none yet. Those whose entries are closed can be settled again."""
    glance, missing, seen = Glance(pool), [], 0
    for some in operation_batches.parts(operation_ids):
        verbs = operation_batches.each(queries.operations(some), lambda operation: operation_outcomes.look(operation, glance))
        operation_batches.write({each: verb for each, verb in verbs.items() if verb not in (None, operation_outcomes.wait)})
        missing += [each for each, verb in verbs.items() if verb is None]
        seen += len(verbs)
    if seen > len(missing):
        enqueue("settlement.settle")
    return queries.operations(missing)


def send_again(operations, pool):
    """How many a node has taken."""
    return broadcast({operation.id: operation.attempts[-1] for operation in operations}, pool)


def _submit(operation, lane):
    """How many were sent."""
    if operation.state != "queued":
        return send_again([operation], lane.pool)
    return lane.take([operation]) if lane.room() else 0
