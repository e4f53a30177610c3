"""What a worker runs of all that Redis may ask for."""

import io
import json
import logging
import os
import pickle
import re
import socket
import subprocess
import sys
from contextvars import copy_context
from importlib import import_module
from pathlib import Path

import pytest
import rq
from redis.exceptions import TimeoutError as RedisTimeout
from rq.registry import FailedJobRegistry

import lms
from lms import create_app, logs
from lms.formats.safe_pickle import Plain
from lms.jobs import cron, schedule
from lms.jobs.worker import JOBS, NAMES, Job, Worker, load, warm
from lms.queue import MAIL, NAME, enqueue, lasting, queue


class WithoutForks(Worker):
    """Our worker, in the process of the test."""

    execute_job = rq.SimpleWorker.execute_job


@pytest.mark.parametrize(("name", "ids"), [("settlement.settle", ()), ("chain.drive", ("0x1",))])
def test_what_many_ask_for_waits_once_until_it_has_begun(app, name, ids):
    jobs = rq.Queue(NAME, connection=queue.redis)
    assert [enqueue(name, *ids) for _ in range(3)] == [True] * 3
    assert jobs.count == 1
    queue.begun(name, *ids)  # it may have looked already when the next one asks
    enqueue(name, *ids)
    assert jobs.count == 2


def test_a_lane_asks_for_itself_alone(app):
    for address in ("0x1", "0x2"):
        enqueue("chain.drive", address)
    assert rq.Queue(NAME, connection=queue.redis).count == 2


def test_what_was_lost_before_it_began_can_soon_be_asked_for_again(app):
    enqueue("settlement.settle")
    assert 0 < queue.redis.ttl("waits:settlement.settle") <= 3


@pytest.fixture
def run(app, monkeypatch):
    """run() works the queue off as the worker does, without forks; answers how many jobs failed."""
    monkeypatch.setattr(Worker, "app", app)

    def work():
        jobs = rq.Queue(NAME, connection=queue.redis, job_class=Job, serializer=Plain)
        worker = WithoutForks([jobs], connection=lasting(app.config["REDIS_URL"]), serializer=Plain)
        copy_context().run(worker.work, burst=True, logging_level="CRITICAL")
        return FailedJobRegistry(queue=jobs).count

    return work


def test_our_own_jobs_run(run):
    enqueue("checkout.expire")
    rq.Queue(NAME, connection=queue.redis).enqueue(schedule.run, "checkout.expire")
    assert run() == 0


def test_a_job_logs_with_the_id_of_the_request_that_caused_it(run, monkeypatch):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.JsonFormatter())
    log = logging.getLogger("test.job")
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr("lms.jobs.checkout.expire", lambda: log.warning("at work"))
    copy_context().run(_ask_with_id, "abc123", "checkout.expire")
    assert run() == 0
    assert json.loads(written.getvalue())["request_id"] == "abc123"


def _ask_with_id(request_id, job):
    logs.request_id.set(request_id)
    enqueue(job)


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


@pytest.fixture(autouse=True, scope="module")
def loaded():
    load("worker")


def test_every_job_of_the_clock_may_run():
    assert {f"lms.jobs.{name}" for name, _ in schedule.TABLE} < NAMES
    assert "lms.jobs.chain.submit" in NAMES


def test_mail_and_payments_wait_for_nothing_else(app):
    """A node, a mail server or a payment gateway that hangs holds the worker of its own queue."""
    enqueue("mail.send", 1)
    enqueue("payments.refund", 1)
    enqueue("settlement.settle")
    waiting = {name: [job.func_name for job in rq.Queue(name, connection=queue.redis).jobs] for name in (NAME, MAIL)}
    assert waiting == {NAME: ["lms.jobs.settlement.settle"], MAIL: ["lms.jobs.mail.send", "lms.jobs.payments.refund"]}
    assert {job.args for job in cron.scheduler(queue.redis).get_jobs() if job.queue_name == MAIL} == {("mail.sweep",), ("payments.sweep",), ("payments.compare",), ("files.sweep",), ("backtests.sweep",)}


def test_what_failed_by_the_clock_is_shown_until_it_runs_again(app):
    """An admin who looks an hour later must find that the log was not read this day."""
    kept = {job.args[0]: job.job_options["failure_ttl"] for job in cron.scheduler(queue.redis).get_jobs()}
    assert (kept["audit.check"], kept["settlement.settle"]) == (86_400, 3600)


def test_who_lives_on_redis_gives_a_machine_up_that_is_gone(monkeypatch):
    """It takes the connection and says nothing."""
    monkeypatch.setattr("lms.queue.SILENCE", 0.2)
    monkeypatch.setattr("lms.queue.TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RedisTimeout):
        lasting(f"redis://127.0.0.1:{silent.getsockname()[1]}/0").ping()


def test_who_sends_mail_knows_no_chain():
    code = "import sys; from lms.jobs import worker; worker.load('mail'); print(sorted(worker.NAMES), {'web3', 'lms.chain'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    names, foreign = said.rsplit("] ", 1)
    assert foreign == "set()"
    assert names.startswith("['lms.jobs.backtests.run', 'lms.jobs.backtests.sweep', 'lms.jobs.files.sweep', 'lms.jobs.mail.send', 'lms.jobs.mail.sweep', 'lms.jobs.payments.close_page'")


@pytest.mark.parametrize(("role", "rendered", "not_rendered"), [("worker", "wallet/show.html", "mail/verify.txt"), ("mail", "mail/verify.txt", "wallet/show.html")])
def test_a_worker_has_compiled_what_its_jobs_render_with_what_that_uses(environ, role, rendered, not_rendered):
    app = create_app("web", environ)
    warm(app, role)
    compiled = {name for _, name in app.jinja_env.cache}
    assert rendered in compiled and not_rendered not in compiled
    assert {"worker": "macros.html", "mail": "mail/macros.html"}[role] in compiled


def test_a_worker_is_seen_again_after_redis_was_emptied(app):
    worker = Worker([NAME], connection=lasting(app.config["REDIS_URL"]), serializer=Plain)
    worker.register_birth()
    queue.redis.flushdb()
    assert queue.worker_seen() is None
    worker.heartbeat()
    assert queue.worker_seen() is not None


def test_every_job_that_is_asked_for_is_one_that_a_worker_does():
    package = Path(lms.__file__).parent
    asked = {name for file in package.rglob("*.py") for name in re.findall(r'enqueue\(\s*"(\w+\.\w+)"', file.read_text())}
    known = {module: import_module(f"lms.jobs.{module}") for module in {*JOBS["worker"], *JOBS["mail"]}}
    assert len(asked) > 10
    assert {name for name in asked if not hasattr(known.get(name.partition(".")[0]), name.partition(".")[2])} == set()
