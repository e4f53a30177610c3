"""What a worker runs of all that Redis may ask for."""

import os
import pickle

import pytest
import rq
from rq.registry import FailedJobRegistry

from lms.jobs import schedule
from lms.jobs.worker import NAMES, Job, Plain, Worker
from lms.queue import NAME, enqueue, queue


@pytest.fixture
def run(app):
    """run() works the queue off as the worker does, without forks; answers how many jobs failed."""

    def work():
        jobs = rq.Queue(NAME, connection=queue.connection(), job_class=Job, serializer=Plain)
        worker = rq.SimpleWorker([jobs], connection=queue.connection(), job_class=Job, serializer=Plain)
        worker.work(burst=True, logging_level="CRITICAL")
        return FailedJobRegistry(queue=jobs).count

    return work


def test_our_own_jobs_run(run):
    enqueue("checkout.expire")
    rq.Queue(NAME, connection=queue.redis).enqueue(schedule.run, "checkout.expire")
    assert run() == 0


def test_a_program_in_redis_is_not_run(run, tmp_path):
    """Who can write to Redis, as a web process can, must not reach the worker's keys."""
    mark = tmp_path / "mark"
    jobs = rq.Queue(NAME, connection=queue.redis)
    jobs.enqueue("os.mkdir", str(mark))
    jobs.enqueue("lms.jobs.checkout.expire", on_success=rq.Callback("os.mkdir"))
    jobs.enqueue(schedule.run, "operate.audit")
    assert run() == 2
    assert not mark.exists()


def test_an_object_in_redis_is_not_built():
    class Evil:
        def __reduce__(self):
            return os.getpid, ()

    with pytest.raises(pickle.UnpicklingError):
        Plain.loads(pickle.dumps(("lms.jobs.checkout.expire", None, (Evil(),), {})))


def test_every_job_of_the_clock_may_run():
    assert {f"lms.jobs.{name}" for name, _ in schedule.TABLE} < NAMES
    assert "lms.jobs.chain.submit" in NAMES


def test_a_worker_is_seen_again_after_redis_was_emptied(app):
    worker = Worker([NAME], connection=queue.connection(), serializer=Plain)
    worker.register_birth()
    queue.redis.flushdb()
    assert queue.worker_seen() is None
    worker.heartbeat()
    assert queue.worker_seen() is not None
