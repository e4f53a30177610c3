"""What members asked for is looked at, and those who must know are told."""

from lms import live
from lms.domain.desk import batches, risk_checks, simulations
from lms.domain.withdrawals import actions, queries
from lms.jobs import one_by_one
from lms.queue import enqueue

SLICE = 100  # a few seconds, of the two minutes that a job has


def check():
    """Approve those that were just asked for, or put them before an admin; then settlement takes what may go."""
    found = queries.checking()
    decided = [(withdrawal_id, user_id) for withdrawal_id, user_id in one_by_one.each(_check, found) if user_id]
    for withdrawal_id, user_id in decided:
        live.push(user_id, f"withdrawal:{withdrawal_id}")
    for withdrawal_id in queries.in_review([withdrawal_id for withdrawal_id, _ in decided]):
        enqueue("simulations.run", withdrawal_id)
    if decided:
        enqueue("settlement.settle")


def look_again(after=0):
    """The signs of fraud that came up since those in review were judged: days may pass before an admin decides, and he decides by what he reads.

    The next SLICE of those whose id is above `after`, then the rest in jobs that follow: however many wait, each is reached, and no other job waits for all."""
    found = queries.waiting(after, SLICE)
    for _ in one_by_one.each(_look_again, found):
        pass
    if len(found) == SLICE:
        enqueue("withdrawals.look_again", found[-1])


def unsuspicious(found):
    """Those of the approved, by their ids, of which nothing came up since. Of which something did, an admin looks at it again: whoever has it open sees it."""
    for withdrawal_id, user_id in one_by_one.each(_look_before_it_goes, found):
        if user_id is None:
            yield withdrawal_id
        else:
            live.push(user_id, f"withdrawal:{withdrawal_id}")
            enqueue("announce.case", withdrawal_id)
            enqueue("simulations.run", withdrawal_id)


def _look_again(withdrawal_id):
    batches.look_again([withdrawal_id])


def _look_before_it_goes(withdrawal_id):
    """The id of the member of one that was put back; None of one that goes."""
    withdrawal = queries.withdrawal(withdrawal_id)
    if risk_checks.lets_go(withdrawal):
        return None
    simulations.ask(withdrawal)
    return withdrawal.user_id


def _check(withdrawal_id):
    """The member's id; None while it waits for payouts to go on. Who is to decide finds what the node says of it."""
    withdrawal = queries.withdrawal(withdrawal_id)
    actions.check(withdrawal, risk_checks.signs(withdrawal))
    if withdrawal.state == "in review":
        simulations.ask(withdrawal)
    return withdrawal.user_id if withdrawal.state != "checking" else None
