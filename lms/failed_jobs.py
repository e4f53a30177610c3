"""Jobs that failed, as RQ keeps them for a day: looked at, tried again, dropped. They are hints: what they were to do stands in the database."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import rq
from redis.exceptions import RedisError
from rq.exceptions import DeserializationError, InvalidJobOperation, NoSuchJobError

from lms import clock, logs
from lms.db import PAGE, Page, nearest_page
from lms.errors import DomainError, Unavailable
from lms.formats.safe_pickle import Plain
from lms.queue import queue

LONGEST = 200  # characters of an error
_ID = re.compile(r"[\w.:-]{1,60}")  # what may be shown of what a job was given: a number, or a word


@dataclass(frozen=True)
class Failure:
    """`name` is that of the job ("mail.send"), empty where it is none of ours; `about` are the ids that it was given; `error` is one line without secrets."""

    id: str
    name: str
    about: tuple
    at: datetime | None
    error: str

    @property
    def kind(self):
        """The class of its error alone."""
        return self.error.partition(":")[0]


def count():
    """How many there are; None while Redis is down."""
    try:
        return sum(queue.redis.zcount(registry.key, time.time(), "+inf") for registry in queue.failed())
    except RedisError:
        return None


def page(number=1):
    """One page of Failures, those first that are kept longest; None while Redis is down."""
    try:
        kept = [pair for registry in queue.failed() for pair in queue.redis.zrangebyscore(registry.key, time.time(), "+inf", withscores=True)]
        ids = [job_id.decode() for job_id, _ in sorted(kept, key=lambda pair: -pair[1])]
        number = nearest_page(number, len(ids))
        jobs = rq.job.Job.fetch_many(ids[(number - 1) * PAGE : number * PAGE], connection=queue.redis, serializer=Plain)
        return Page([_failure(job) for job in jobs if job], number, len(ids))
    except RedisError:
        return None


def find(job_id):
    """The Failure of this id. Raises DomainError when it was tried again, dropped or forgotten meanwhile, Unavailable while Redis is down."""
    return _answer(job_id, lambda registry: _failure(rq.job.Job.fetch(job_id, connection=queue.redis, serializer=Plain)))


def try_again(failure):
    """It waits for its worker once more. Raises as `find` does."""
    _answer(failure.id, lambda registry: registry.requeue(failure.id))


def drop(failure):
    """It is forgotten. Raises as `find` does."""
    _answer(failure.id, lambda registry: registry.remove(failure.id, delete_job=True))


def _answer(job_id, ask):
    """What the registry says that has the job."""
    try:
        registry = next((each for each in queue.failed() if queue.redis.zscore(each.key, job_id) is not None), None)
        if registry is None:
            raise NoSuchJobError
        return ask(registry)
    except (InvalidJobOperation, NoSuchJobError) as error:
        raise DomainError("This job was tried again, dropped or forgotten meanwhile.") from error
    except RedisError as error:
        raise Unavailable("Redis does not answer: nothing was changed. Try again in a moment.") from error


def _failure(job):
    result = job.latest_result()
    at = job.ended_at and job.ended_at.replace(tzinfo=UTC) + clock.ahead()
    return Failure(job.id, *_call(job), at, _line(result.exc_string if result and result.exc_string else ""))


def _call(job):
    """(name, ids); what the clock runs goes by its own name."""
    try:
        name, given = job.func_name, job.args
    except DeserializationError:
        return "", ()
    if name == "lms.jobs.schedule.run":
        return str(given[0]) if given else "", ()
    about = tuple(word for word in map(str, given) if _ID.fullmatch(word))
    return (name.removeprefix("lms.jobs."), about) if name.startswith("lms.jobs.") else ("", ())


def _line(story):
    """The first line of the error that ended it: below its frames, which are indented."""
    *_, last = story.rpartition("Traceback (most recent call last):\n")
    said = next((line for line in last.splitlines() if line.strip() and not line.startswith(" ")), "")
    return logs.hide(said)[:LONGEST]
