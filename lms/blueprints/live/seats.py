"""How many pages a member may have open, over all processes: with the next one the oldest ends."""

import json
import secrets

from lms import live
from lms.blueprints.live.stream import HEARTBEAT
from lms.queue import queue

MOST_STREAMS = 5  # of a member
LIFE_SIGN = 3 * HEARTBEAT  # seconds a silent process is believed to be alive


class Seats:
    """This process's part of what Redis knows of all: every member's streams, as "process:number" by the moment they were opened.

    A process shows by a key that it lives. Each call may raise RedisError."""

    def __init__(self):
        self.process = ""

    def renew(self):
        """Begin anew. Streams that ended unheard are left behind under the old name; those still open enrol again, and must not count twice."""
        queue.redis.delete(_life_sign(self.process))
        self.process = secrets.token_hex(6)
        self.say_alive()

    def say_alive(self):
        queue.redis.set(_life_sign(self.process), 1, ex=LIFE_SIGN)

    def tag(self, stream):
        return f"{self.process}:{stream.number}"

    def take(self, stream):
        """Make the stream known to the other processes, and have what is too much ended where it is."""
        key = _enrolled(stream.user_id)
        pipeline = queue.redis.pipeline()
        pipeline.zadd(key, {self.tag(stream): stream.opened}).zrange(key, 0, -1).expire(key, 86_400).set(_life_sign(self.process), 1, ex=LIFE_SIGN)
        tags = [tag.decode() for tag in pipeline.execute()[1]]
        for gone in _surplus(tags) if len(tags) > MOST_STREAMS else ():
            queue.redis.zrem(key, gone)
            queue.redis.publish(live.channel(stream.user_id), json.dumps({"close": gone}))

    def give_up(self, stream):
        queue.redis.zrem(_enrolled(stream.user_id), self.tag(stream))


def _surplus(tags):
    """Those of processes that are dead, and of the others the oldest."""
    living = _living(tags)
    return [tag for tag in tags if tag not in living] + living[:-MOST_STREAMS]


def _living(tags):
    processes = sorted({tag.partition(":")[0] for tag in tags})
    signs = dict(zip(processes, queue.redis.mget([_life_sign(name) for name in processes]), strict=True))
    return [tag for tag in tags if signs[tag.partition(":")[0]]]


def _enrolled(user_id):
    return f"live-streams:{user_id}"


def _life_sign(process):
    return f"live-process:{process}"
