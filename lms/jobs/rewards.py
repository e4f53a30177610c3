"""What becomes available by the passing of time."""

from lms import live
from lms.db import transaction
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.queue import enqueue


def mature():
    """Make due lots available and grant what yesterday's cap deferred, one transaction each."""
    told = set()
    for transfer_id in due.due_lots():
        with transaction():
            told.add(rewards.mature(transfer_id))
    for grant_id in due.due_grants():
        with transaction():
            told.add(rewards.grant_deferred(grant_id))
    for user_id in told - {None}:
        live.push(user_id, "balance_chip", "balance", "activity", "sales")
    if told:
        enqueue("settlement.settle")
