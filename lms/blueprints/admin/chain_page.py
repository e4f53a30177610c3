"""What the page of the chain is made of: our own rows, and what workers left in Redis. No node is asked, and the number of statements is fixed."""

from flask import current_app
from redis.exceptions import RedisError

from lms import rpc_endpoints
from lms.domain.audit import queries as audit
from lms.domain.onchain import figures
from lms.domain.onchain import queries as onchain
from lms.domain.rewards import queries as rewards
from lms.domain.wallet import custody
from lms.queue import queue


def chain():
    config = current_app.config
    days = figures.month()
    return {
        "chain_id": config["CHAIN_ID"],
        "deployment": onchain.deployment(),
        "seen": onchain.chain_state(),
        "stopped": audit.stopped(),
        "incidents": audit.open_by_kind(),
        "counts": figures.counts(),
        "oldest": figures.oldest_queued(),
        "uncovered": custody.uncovered(),
        "lanes": figures.lanes(),
        "days": days,
        "price": config["POL_PRICE_EUR"],
        "reward": _reward(days, config["POL_PRICE_EUR"]),
        "endpoints": rpc_endpoints.known(config["CHAIN_ID"]),
        "jobs": _jobs(),
    }


def _reward(days, price):
    """(rewards of the month, wei for one, millionths of a euro for one); the last two None when there was none, or no price."""
    count, fees = rewards.brought_since(figures.month_began()), sum(day.settled for day in days)
    if not count:
        return count, None, None
    return count, fees // count, None if price is None else figures.euros(fees, price) // count


def _jobs():
    """{queue: (waiting, failed)}, or None without Redis."""
    try:
        return queue.lengths()
    except RedisError:
        return None
