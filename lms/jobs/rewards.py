"""What becomes available by the passing of time."""

import logging

from rq.timeouts import JobTimeoutException

from lms import live
from lms.db import transaction
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.queue import enqueue

log = logging.getLogger(__name__)


def mature():
    """Make due lots available and grant what yesterday's cap deferred, one transaction each."""
    told = {_done(rewards.mature, transfer_id) for transfer_id in due.due_lots()}
    told |= {_done(rewards.grant_deferred, grant_id) for grant_id in due.due_grants()}
    for user_id in told - {None}:
        live.push(user_id, "balance_chip", "balance", "activity", "sales")
    if told:
        enqueue("settlement.settle")


def _done(verb, number):
    """What the verb answers. They come by their dates: one that cannot be done must not keep all later ones waiting."""
    try:
        with transaction():
            return verb(number)
    except JobTimeoutException:
        raise
    except Exception:
        log.exception("reward left as it is", extra={"verb": verb.__name__, "number": number})
