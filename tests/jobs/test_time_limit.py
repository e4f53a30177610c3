"""A job whose time is up ends, whatever it was at."""

import time

import pytest
import rq
from rq.registry import FailedJobRegistry
from rq.timeouts import JobTimeoutException
from sqlalchemy import text

from lms.db import alone, db, transaction
from lms.domain.onchain.models import Operation
from lms.formats.safe_pickle import Plain
from lms.jobs import checkout, one_by_one, operation_batches
from lms.jobs.time_limit import Alarm, TimeIsUp
from lms.jobs.worker import load
from lms.queue import NAME, lasting, queue
from tests.jobs.test_lanes import credit_in_batch
from tests.jobs.test_worker import WithoutForks


@pytest.fixture
def limit():
    """A second, as a worker gives a job two minutes."""
    return Alarm(1, JobTimeoutException)


def hang(*_):
    """As a statement does that waits for a lock."""
    db.session.execute(text("SELECT pg_sleep(30)"))


def test_in_the_middle_of_a_statement_it_ends_all_of_the_job(app, limit):
    begun = []
    with pytest.raises(TimeIsUp), limit:
        list(one_by_one.each(lambda number: [begun.append(number), hang()], [1, 2]))
    assert begun == [1]


def test_what_says_so_afterwards_has_a_connection_that_works(app, limit):
    with pytest.raises(TimeIsUp), limit, transaction():
        hang()
    with transaction():
        assert db.session.scalar(text("SELECT 1")) == 1


def test_a_lock_that_was_held_alone_is_let_go(app, limit):
    with pytest.raises(TimeIsUp), limit, alone("something"):
        hang()
    with alone("something") as is_alone:
        assert is_alone


def test_it_is_no_fault_of_the_operation_that_was_looked_at(worker, ana, limit):
    credit_in_batch(ana)
    operation = db.session.query(Operation).one()
    with pytest.raises(TimeIsUp), limit:
        operation_batches.each([operation], hang)
    db.session.rollback()
    assert db.session.get_one(Operation, operation.id, populate_existing=True).error is None


def test_nor_is_a_write_tried_once_more(worker, ana, limit):
    credit_in_batch(ana)
    begun = []
    with pytest.raises(TimeIsUp), limit:
        operation_batches.write({db.session.query(Operation).one().id: lambda operation: [begun.append(operation.id), hang()]})
    assert len(begun) == 1


def test_a_worker_ends_its_jobs_so(app, monkeypatch):
    load("worker")
    monkeypatch.setattr(WithoutForks, "app", app)
    monkeypatch.setattr(checkout, "expire", lambda: list(one_by_one.each(hang, [1, 2, 3])))
    jobs = rq.Queue(NAME, connection=queue.redis, serializer=Plain)
    jobs.enqueue("lms.jobs.checkout.expire", job_timeout=1)
    begun = time.monotonic()
    WithoutForks([jobs], connection=lasting(app.config["REDIS_URL"]), serializer=Plain).work(burst=True, logging_level="CRITICAL")
    (failed,) = FailedJobRegistry(queue=jobs).get_job_ids()
    assert "TimeIsUp: it took more than 1 s" in rq.job.Job.fetch(failed, connection=queue.redis, serializer=Plain).latest_result().exc_string
    assert time.monotonic() - begun < 10
