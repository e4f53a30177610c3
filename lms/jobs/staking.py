"""Stakes whose unbonding is over."""

from lms import live
from lms.db import transaction
from lms.domain.staking import actions as staking
from lms.domain.staking import queries


def release():
    for unstaking_id in queries.due():
        with transaction():
            user_id = staking.release(unstaking_id)
        if user_id:
            live.push(user_id, "balance_chip", "balance", "activity")
