"""Deposits that are on the chain and not final yet: kept in Redis by the worker that scans, told to their members, credited later by what is final."""

import json
from typing import NamedTuple

from redis.exceptions import RedisError

from lms.queue import queue

_KEY = "arriving-deposits"
_LASTS = 600  # seconds: what no worker has seen again by then is either credited or gone


class Arrival(NamedTuple):
    """Millionths of TEO in the `block`th block of the `needed` after which they are final."""

    amount: int
    block: int
    needed: int


def keep(arriving):
    """Remember the Arrivals by address, in the place of all that were known; answers the addresses of which something else was known before."""
    fields = {address: json.dumps(found) for address, found in arriving.items()}
    try:
        known = {address.decode(): found.decode() for address, found in queue.redis.hgetall(_KEY).items()}
        pipeline = queue.redis.pipeline().delete(_KEY)
        if fields:
            pipeline.hset(_KEY, mapping=fields).expire(_KEY, _LASTS)
        pipeline.execute()
    except RedisError:
        return set()  # the next look keeps it
    return {address for address in known.keys() | fields.keys() if known.get(address) != fields.get(address)}


def at(address):
    """The Arrivals at this address, the oldest first; none with Redis down."""
    try:
        found = queue.redis.hget(_KEY, address)
    except RedisError:
        return []
    return [Arrival(*each) for each in json.loads(found)] if found else []
