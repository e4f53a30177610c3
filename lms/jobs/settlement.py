"""Ledger legs into batches for the chain."""

from lms import live
from lms.db import transaction
from lms.domain.wallet import actions as wallet
from lms.jobs.announce import members_of
from lms.queue import enqueue


def settle():
    """Open batches until nothing is left to cover; each is then signed and sent by a job of its own."""
    while True:
        with transaction():
            operation = wallet.open_batch()
        if operation is None:
            return
        enqueue("chain.submit", operation.id)
        for user_id in members_of(operation):
            live.push(user_id, "activity")
