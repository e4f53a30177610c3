"""What the chain was last seen to hold at our addresses: kept in Redis by a worker, served with its age, never waited for."""

from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError

from lms import clock
from lms.queue import queue

_KEY = "observed-balances"
_LASTS = 24 * 3600  # seconds: older than this it says nothing


@dataclass(frozen=True)
class Observation:
    """Millionths of TEO at an address in one block, and when that was seen."""

    amount: int
    block: int
    at: datetime


def keep(block, balances):
    """Remember balances by address, all of one block."""
    fields = {"block": block, "at": clock.now().isoformat(), **balances}
    try:
        queue.redis.pipeline().delete(_KEY).hset(_KEY, mapping=fields).expire(_KEY, _LASTS).execute()
    except RedisError:
        return  # the next look keeps it


def of(address):
    """The Observation of an address; None when it is not known, Redis down included."""
    try:
        amount, block, at = queue.redis.hmget(_KEY, address, "block", "at")
    except RedisError:
        return None
    if amount is None:
        return None
    return Observation(int(amount), int(block), datetime.fromisoformat(at.decode()))
