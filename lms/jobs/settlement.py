"""Ledger legs into batches for the chain, and what members take away before them."""

from datetime import timedelta

from flask import current_app
from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import OperationalError

from lms.chain.transactions import GWEI
from lms.db import alone, db, transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody, key_replacements
from lms.domain.wallet.policy import Policy
from lms.domain.withdrawals import queries as withdrawals
from lms.domain.withdrawals import releases
from lms.errors import DomainError
from lms.jobs import announce, chain, operation_batches
from lms.jobs.withdrawals import unsuspicious
from lms.queue import queue


def settle():
    """Queue the moves and releases that can go, then, when it is time, open batches until nothing is left to cover.

    One worker does it at a time; those that come meanwhile leave it to him, or all would wait for their turn and none be left for the lanes."""
    queue.begun("settlement.settle")
    while onchain.deployment() and _take_turn():
        db.session.rollback()  # what came while the turn was let go is looked for once more


def _take_turn():
    """How many operations were queued. The lanes begin with the first of them; one that found nothing for it yet is asked again, ever more seldom."""
    opened = []
    with alone("settlement") as is_alone:
        for operation_id in _opened() if is_alone else ():
            opened.append(operation_id)
            if len(opened).bit_count() == 1:
                chain.hurry()
        for some in operation_batches.parts(opened):
            announce.queued(*some)
    if len(opened) > 1:
        chain.hurry()
    return len(opened)


def _opened():
    """Ids. Moves first, as until his tokens are at one address nothing else is done for the holder. Releases before batches: one whose every
    entry is followed by the next would never get his tokens out."""
    yield from _queued("move", key_replacements.waiting(), key_replacements.queue)
    yield from _queued("withdrawal", unsuspicious(withdrawals.approved()), _release)
    if custody.is_due(_policy()) or withdrawals.is_batch_awaited():
        yield from _batches()


def _release(withdrawal_id):
    return releases.queue(withdrawals.withdrawal(withdrawal_id))


def _queued(what, ids, queue):
    """One that the ledger refuses is told, and keeps no other back; nor does one that loses a deadlock, which waits for the next round."""
    for each in ids:
        try:
            with transaction():
                operation = queue(each)
                operation_id = operation and operation.id
        except DomainError as refusal:
            with transaction():
                audit.open_incident(f"{what} not queued", each, why=str(refusal))
            continue
        except OperationalError as error:  # outcomes written in one transaction lock in the order of their operations
            if not isinstance(error.orig, DeadlockDetected):
                raise
            continue
        if operation_id:
            yield operation_id


def _batches():
    while True:
        with transaction():
            operation = wallet.open_batch()
            operation_id = operation and operation.id
        if operation_id is None:
            return
        yield operation_id


def _policy():
    config = current_app.config
    seconds = (timedelta(seconds=config[name]) for name in ("SETTLE_SECONDS", "SETTLE_PATIENCE"))
    return Policy(*seconds, config["SETTLE_BASE_FEE"] * GWEI)
