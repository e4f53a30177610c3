"""Stakes whose unbonding is over."""

from lms import live
from lms.domain.staking import actions as staking
from lms.domain.staking import queries
from lms.jobs import one_by_one


def release():
    for _, user_id in one_by_one.each(staking.release, queries.due()):
        if user_id:
            live.push(user_id, *live.BALANCE)
