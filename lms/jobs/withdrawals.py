"""What members asked for is looked at, and those who must know are told."""

from lms import live
from lms.db import transaction
from lms.domain.withdrawals import actions, queries
from lms.queue import enqueue


def check():
    """Approve those that were just asked for, or put them before an admin; then settlement takes what may go."""
    found = queries.checking()
    for withdrawal_id in found:
        with transaction():
            withdrawal = queries.withdrawal(withdrawal_id)
            actions.check(withdrawal)
            user_id = withdrawal.user_id
        live.push(user_id, f"withdrawal:{withdrawal_id}")
    if found:
        enqueue("settlement.settle")
