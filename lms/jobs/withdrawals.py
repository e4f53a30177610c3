"""What members asked for is looked at, and those who must know are told."""

from lms import live
from lms.domain.desk import batches, risks, signals, simulations
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import actions, queries
from lms.jobs import singly
from lms.queue import enqueue

SLICE = 100  # a few seconds, of the two minutes that a job has


def check():
    """Approve those that were just asked for, or put them before an admin; then settlement takes what may go."""
    found = queries.checking()
    decided = [(withdrawal_id, user_id) for withdrawal_id, user_id in singly.each(_check, found) if user_id]
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
    for _ in singly.each(_look_again, found):
        pass
    if len(found) == SLICE:
        enqueue("withdrawals.look_again", found[-1])


def _look_again(withdrawal_id):
    batches.look_again([withdrawal_id])


def _check(withdrawal_id):
    """The member's id; None while it waits for payouts to go on. Who is to decide finds what the node says of it."""
    withdrawal = queries.withdrawal(withdrawal_id)
    actions.check(withdrawal, risks.raised(signals.of(withdrawal), rulebook.version(withdrawal.rule_version).weights))
    if withdrawal.state == "in review":
        simulations.ask(withdrawal)
    return withdrawal.user_id if withdrawal.state != "checking" else None
