"""Jobs by name. They are hints, the database is the truth: a dead Redis is logged, never raised."""

import logging

import rq
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

NAME = "default"
RESULT_SECONDS = 60


class Queue:
    """Enqueues functions of lms.jobs by their name; `metadata` (a request id) travels with the job."""

    def init_app(self, app):
        self._url = app.config["REDIS_URL"]
        self.redis = Redis.from_url(self._url, socket_timeout=1, socket_connect_timeout=0.5, health_check_interval=15)
        self._queue = rq.Queue(NAME, connection=self.redis, default_timeout=120)
        self._metadata = dict

    def connection(self):
        """A connection for a worker, which waits on it longer than a web request may."""
        return Redis.from_url(self._url, socket_timeout=None, socket_connect_timeout=5)

    def carry(self, metadata):
        """Let `metadata()` give what every job carries on."""
        self._metadata = metadata

    def enqueue(self, name, *ids):
        """Ask a worker to run lms.jobs.<name>(*ids); True when Redis took it."""
        try:
            self._queue.enqueue(
                f"lms.jobs.{name}", *ids, result_ttl=RESULT_SECONDS, failure_ttl=86_400, meta=self._metadata()
            )
        except RedisError as error:
            log.warning("job not queued", extra={"job": name, "error": type(error).__name__})
            return False
        return True

    def waiting(self):
        """How many jobs wait; raises RedisError when Redis is down."""
        return self._queue.count


queue = Queue()
enqueue = queue.enqueue
