"""What the workers know of the RPC endpoints, kept in Redis across jobs. It is lost with Redis, and then only forgotten."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.exceptions import RedisError

from lms.queue import queue

_LASTS = 24 * 3600  # seconds: an endpoint nobody has asked for so long is no longer one of ours
HEAD_LASTS = 300  # seconds without a higher one: no liar, and no chain that was put back, is held against the others for longer


@dataclass(frozen=True)
class Endpoint:
    """An endpoint by its host, as a worker last knew it; `seconds` is what its last answer took, `failure` the kind of its last failure."""

    name: str
    answered_at: datetime | None
    seconds: float
    failed_at: datetime | None
    failure: str
    head: int | None
    rests_until: datetime | None

    @property
    def is_up(self):
        """Its last answer is newer than its last failure, and it does not rest."""
        return self.rests_until is None and self.answered_at is not None and (self.failed_at is None or self.answered_at >= self.failed_at)


class Memory:
    """For lms.chain.rpc.Pool. Without Redis it is silent at once, so that a job waits for it once only."""

    def __init__(self, chain_id):
        self._endpoints, self._head = _keys(chain_id)
        self._is_off = False

    def recall(self):
        """As the pool wants it; what cannot be read is not known."""
        known, highest = self._send(lambda pipe: pipe.hgetall(self._endpoints).zscore(self._head, "head")) or ({}, None)
        try:
            return {name.decode(): json.loads(health) for name, health in known.items()}, int(highest or 0)
        except (ValueError, OverflowError):
            return {}, 0

    def keep(self, endpoint, health):
        self._send(lambda pipe: pipe.hset(self._endpoints, endpoint, json.dumps(health)).expire(self._endpoints, _LASTS))

    def saw(self, head):
        """Whoever comes later with less does not lower it."""
        told = self._send(lambda pipe: pipe.zadd(self._head, {"head": head}, gt=True).expire(self._head, HEAD_LASTS).zscore(self._head, "head"))
        return max(head, int(told[-1])) if told else head

    def forget_head(self):
        self._send(lambda pipe: pipe.delete(self._head))

    def _send(self, fill):
        if self._is_off:
            return None
        try:
            return fill(queue.redis.pipeline()).execute()
        except RedisError:
            self._is_off = True
            return None


def known(chain_id):
    """The chain's Endpoints by name; None when that cannot be read now."""
    try:
        rows = queue.redis.hgetall(_keys(chain_id)[0])
    except RedisError:
        return None
    found = [_endpoint(name.decode(), json.loads(health)) for name, health in sorted(rows.items())]
    oldest = datetime.fromtimestamp(time.time() - _LASTS, UTC)
    return [each for each in found if max(filter(None, (each.answered_at, each.failed_at)), default=oldest) > oldest]


def _endpoint(name, health):
    resting = health["rests_until"] if health["rests_until"] > time.time() else 0
    answered, failed, rests = (datetime.fromtimestamp(at, UTC) if at else None for at in (health["answered_at"], health["failed_at"], resting))
    return Endpoint(name, answered, health["seconds"], failed, health["failure"], health["head"], rests)


def _keys(chain_id):
    return f"rpc-endpoints:{chain_id}", f"rpc-head:{chain_id}"
