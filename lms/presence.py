"""Who has the same page open, by what their browsers said last: kept in Redis, and lost with it."""

import time
from contextlib import suppress

from redis.exceptions import RedisError

from lms.queue import queue

LASTS = 45  # seconds without a word from a browser, which says one every twenty


def come(place, user_id):
    """The member is at this place. Answers the ids of the others there, and whether he has just come."""
    key, now = f"presence:{place}", time.time()
    try:
        pipeline = queue.redis.pipeline().zremrangebyscore(key, 0, now - LASTS).zadd(key, {str(user_id): now}).expire(key, LASTS).zrange(key, 0, -1)
        _, is_new, _, present = pipeline.execute()
    except RedisError:
        return [], False
    return [int(other) for other in present if int(other) != user_id], bool(is_new)


def leave(place, user_id):
    """He has gone on from there."""
    with suppress(RedisError):
        queue.redis.zrem(f"presence:{place}", str(user_id))


def others(place, user_id):
    """The ids of the others who are there; none with Redis down."""
    return [other for other in there(place) if other != user_id]


def there(place):
    """The ids of all who are there; none with Redis down."""
    try:
        present = queue.redis.zrangebyscore(f"presence:{place}", time.time() - LASTS, "inf")
    except RedisError:
        return []
    return [int(other) for other in present]
