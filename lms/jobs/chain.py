"""Operations through their life: sign, save, broadcast, confirm. Each job may run twice and at any line be killed."""

import logging
import time

from lms.chain import transactions
from lms.chain.errors import ChainError, FeeTooHigh
from lms.chain.glance import Glance
from lms.db import alone, db, transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.onchain.models import FEES_TOO_HIGH
from lms.errors import DomainError
from lms.jobs import announce, node, outcomes
from lms.jobs.lanes import Lane, broadcast
from lms.jobs.rebuild import rebuild
from lms.queue import enqueue

log = logging.getLogger(__name__)

# A drive goes on this long while something is on its way; then the next one does, so that other jobs get their turn.
PATIENCE = 8  # seconds
STEP = 0.1
_EXPECTED = (ChainError, DomainError)


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
    lane = Lane(node.pool(), node.signer(address))
    with alone(f"lane {address}") as is_alone:
        if is_alone and _drive(lane):
            enqueue("chain.drive", address)


def take_queued(lane, first=(0, 1)):
    """Sign, save and send what waits, as long as the lane has room; how many that were. `first`: see `_each`."""
    return _each("queued", lambda operation: _take(operation, lane), first=first)


def sweep():
    """Find what no job holds: the database is the truth, jobs are hints."""
    pool, deployment = node.pool(), queries.deployment()
    if deployment is None:
        return
    if pool.chain_id == node.ANVIL:
        pool.forget_head()  # killed, it begins below its head, and is rebuilt
    _see(pool)
    lost = pool.chain_id == node.ANVIL and rebuild(deployment, pool)
    if lost is None:
        return
    # What is on its way first: a lane that halts keeps none of it back.
    glance = Glance(pool)
    lost = _each("mined", lambda operation: outcomes.finish(operation, glance)) or lost
    lanes = {signer.address: Lane(pool, signer) for signer in node.signers()}
    glance = Glance(pool)
    _settle_more(_each("sent", lambda operation: _watch(operation, lanes, glance)))
    sent = _each("signed", lambda operation: broadcast(operation, pool))
    for address, lane in lanes.items():
        sent += 0 if _is_driven(address) else take_queued(lane)
    if sent or lost:
        hurry()


def _is_driven(address):
    """Whether a drive is at this lane. The lane is let go at once: a drive that came meanwhile would take the sweep for another."""
    with alone(f"lane {address}") as is_alone:
        return not is_alone


def _see(pool):
    head = pool.head()
    with transaction():
        onchain.see_chain(head)
    for address in node.addresses():
        try:
            balance, mined = pool.balance(address), pool.mined_nonce(address)
            with transaction():
                onchain.see_signer(address, balance, mined)
            _look_for_strangers(address, mined, pool)
        except ChainError as error:  # one endpoint lags: the operations are looked after all the same
            log.warning("signer not seen", extra={"signer": address, "error": type(error).__name__})


def _look_for_strangers(address, mined, pool):
    """A nonce our rows do not know, or one that is final, ours by our rows, and in no transaction of ours: somebody else signs with this key."""
    if mined > queries.signers()[address].next_nonce:
        _halt(address, nonce=mined - 1)
    oldest = queries.oldest_sent(address)
    if oldest is None or oldest.attempts[-1].nonce >= pool.mined_nonce(address, "finalized"):
        return
    if not any(transactions.receipt(pool, attempt.tx_hash) for attempt in oldest.attempts):
        _halt(address, operation=oldest.id, nonce=oldest.attempts[-1].nonce)


def _halt(address, **where):
    with transaction():
        onchain.halt(address, "A transaction that is not ours has taken a nonce of this signer.")
        audit.open_incident("foreign nonce", address, **where)


def _drive(lane):
    """True when it has signed and is not done: there is more to do than one drive does."""
    until, seen, in_all, place = time.monotonic() + PATIENCE, None, 0, node.place(lane.signer.address)
    while time.monotonic() < until:
        head = lane.pool.head().number
        if head != seen:
            lane.look_again()
        signed = take_queued(lane, place)  # first: while the node works on these, those of the last block are looked at
        if head != seen:
            _look_at_sent(lane)
        seen, in_all = head, in_all + signed
        if not (signed or queries.unfinished("sent", signer=lane.signer.address)):
            return False
        db.session.rollback()  # what others did meanwhile is seen anew, and no transaction waits with us
        time.sleep(STEP)
    return in_all > 0


def _look_at_sent(lane):
    glance = Glance(lane.pool)
    _settle_more(_each("sent", lambda operation: outcomes.look(operation, glance), lane.signer.address))


def _settle_more(mined):
    """Those whose entries are closed can be settled again."""
    if mined:
        enqueue("settlement.settle")


def _watch(operation, lanes, pool):
    """True when its receipt was found and dealt with."""
    if outcomes.look(operation, pool):
        return True
    broadcast(operation, pool)
    if operation.signer in lanes:
        lanes[operation.signer].bump(operation)
    return False


def _submit(operation, lane):
    """True when it was sent."""
    return broadcast(operation, lane.pool) if operation.state != "queued" else _take(operation, lane)


def _take(operation, lane):
    """The same for one that waits for its signature, unless another lane has taken it meanwhile."""
    return operation.state == "queued" and lane.sign(operation) and broadcast(operation, lane.pool)


def _each(state, deed, signer=None, first=(0, 1)):
    """Do it for every operation in this state, and count for how many it was done; one that cannot get on says why and keeps no other back.

    `first` = (1, 4): before the others those that four lanes at once leave to the second of them."""
    done, (place, lanes) = 0, first
    for operation_id in sorted(queries.unfinished(state, signer=signer), key=lambda each: (each % lanes != place, each)):
        try:
            done += bool(deed(queries.operation(operation_id)))
        except onchain.LaneFull:
            break
        except Exception as error:  # whatever is wrong with one, the others go on
            db.session.rollback()
            log.warning("operation waits", extra={"operation": operation_id, "error": type(error).__name__}, exc_info=not isinstance(error, _EXPECTED))
            _tell(queries.operation(operation_id), error)
    return done


def _tell(operation, error):
    with transaction():
        is_news = onchain.note(operation, _reason(error))
        if isinstance(error, onchain.LaneHalted):
            audit.open_incident("lane halted", error.signer, why=str(error))
    if is_news and operation.waits_for_fees:
        announce.progress(operation)


def _reason(error):
    if isinstance(error, FeeTooHigh):  # what the chain asks for changes at each look, and the incident says it
        return f"{FEES_TOO_HIGH}: {transactions.MOST_CAP // transactions.GWEI} gwei is the most we pay"
    return str(error) if isinstance(error, _EXPECTED) else f"a fault of ours: {type(error).__name__}"
