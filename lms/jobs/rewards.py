"""What becomes available by the passing of time."""

from lms import live
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.jobs import one_by_one
from lms.queue import enqueue


def mature():
    """Make due lots available and grant what yesterday's cap deferred, one transaction each."""
    told = {user_id for _, user_id in one_by_one.each(rewards.mature, due.due_lots())}
    told |= {user_id for _, user_id in one_by_one.each(rewards.grant_deferred, due.due_grants())}
    for user_id in told - {None}:
        live.push(user_id, *live.BALANCE, "sales")
    if told - {None}:
        enqueue("settlement.settle")
