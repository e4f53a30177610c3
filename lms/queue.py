"""Jobs by name. They are hints, the database is the truth: a dead Redis is logged, never raised."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import rq
from redis import Redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.registry import FailedJobRegistry

from lms.formats.safe_pickle import Plain

if TYPE_CHECKING:  # cron needs no web
    from flask import Flask

log = logging.getLogger(__name__)

NAME = "default"
MAIL = "mail"  # with workers of its own: a mail server or payment gateway that hangs must not keep the chain waiting, nor a node that hangs the mail
RESULT_SECONDS = 60
SILENCE, TRIES = 10, 30  # of who lives on Redis: seconds without an answer, and how often a second later it is asked again
# Many ask for these, and one that waits does it for all. A mark outlives a job that was lost by so many seconds.
ONCE, MARK_SECONDS = ("settlement.settle", "chain.drive"), 3


class Queue:
    """Enqueues functions of lms.jobs by their name; `metadata` (a request id) travels with the job."""

    def init_app(self, app: "Flask") -> None:
        # Once more: a connection kept from before a restart of Redis must not cost what is sent first. What so arrives twice does no harm: a job may run
        # twice, and of what is asked for ONCE the clock asks again as soon as the mark is gone.
        again = Retry(NoBackoff(), 1)
        self.redis = Redis.from_url(app.config["REDIS_URL"], socket_timeout=1, socket_connect_timeout=0.5, health_check_interval=15, retry=again)
        self._queue, self._mail = (rq.Queue(name, connection=self.redis, default_timeout=120, serializer=Plain) for name in (NAME, MAIL))
        self._metadata: Callable[[], dict[str, Any]] = dict

    def carry(self, metadata: Callable[[], dict[str, Any]]) -> None:
        """Let `metadata()` give what every job carries on."""
        self._metadata = metadata

    def enqueue(self, name: str, *ids: Any) -> bool:
        """Ask a worker to run lms.jobs.<name>(*ids); True when Redis took it, or has it already of a job that is asked for ONCE."""
        try:
            if name in ONCE and not self.redis.set(_mark(name, ids), 1, nx=True, px=round(1000 * MARK_SECONDS)):
                return True
            (self._mail if queue_of(name) == MAIL else self._queue).enqueue(
                f"lms.jobs.{name}", *ids, result_ttl=RESULT_SECONDS, failure_ttl=86_400, meta=self._metadata()
            )
        except RedisError as error:
            log.warning("job not queued", extra={"job": name, "error": type(error).__name__})
            return False
        return True

    def begun(self, name: str, *ids: Any) -> None:
        """A job that is asked for ONCE has begun: who comes now needs another, as it may have looked already."""
        try:
            self.redis.delete(_mark(name, ids))
        except RedisError as error:
            log.warning("mark not taken away", extra={"job": name, "error": type(error).__name__})

    def is_down(self) -> bool:
        """Whether what is enqueued now waits for Redis, and for the sweep that finds it afterwards."""
        try:
            return not self.redis.ping()
        except RedisError:
            return True

    def waiting(self) -> int:
        """How many jobs wait; raises RedisError when Redis is down."""
        return self._queue.count + self._mail.count

    def lengths(self) -> dict[str, tuple[int, int]]:
        """{queue: (jobs that wait, jobs that failed within a day)}; raises RedisError when Redis is down."""
        return {each.name: (each.count, each.failed_job_registry.get_job_count(cleanup=False)) for each in (self._queue, self._mail)}

    def failed(self) -> list[FailedJobRegistry]:
        """RQ's registries of the jobs that failed, one for each queue."""
        return [each.failed_job_registry for each in (self._queue, self._mail)]

    def worker_seen(self, name: str = NAME) -> datetime | None:
        """When a worker of the queue last gave a sign of life, or None; raises RedisError when Redis is down."""
        beats = (worker.last_heartbeat for worker in rq.Worker.all(queue=self._mail if name == MAIL else self._queue))
        return max((beat for beat in beats if beat), default=None)


def _mark(name: str, ids: tuple[Any, ...]) -> str:
    return "waits:" + ":".join((name, *map(str, ids)))


def queue_of(name: str) -> str:
    """The queue in which lms.jobs.<name> waits."""
    return MAIL if name.startswith(("mail.", "payments.", "files.", "backtests.")) else NAME


def lasting(url: str) -> Redis:
    """A connection for workers and cron, which live on it: where a web request gives up, they wait half a minute for a Redis that is started again."""
    # RQ lets a worker wait longer for an answer than this, as it waits for jobs; cron would wait for ever for a machine that is gone.
    return Redis.from_url(url, socket_timeout=SILENCE, socket_connect_timeout=5, retry=Retry(ConstantBackoff(1), TRIES))


queue = Queue()
enqueue = queue.enqueue
