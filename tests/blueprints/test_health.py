"""Whether the process lives, and whether it can do its work: answered soon, whatever is down."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta

import pytest

from lms import clock, health
from lms.chain.rpc import Block
from lms.db import transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.queue import MAIL, NAME, queue

ASK = """
import json, time
from wsgi import app
browser = app.test_client()
browser.get("/health/live")
answers = []
while len(answers) < 3 or len(answers) < 30 and min(seconds for _, _, seconds, _ in answers) >= 0.2:
    begun, worked = time.perf_counter(), time.thread_time()
    answer = browser.get("/health/ready")
    answers.append((answer.status_code, answer.json, time.perf_counter() - begun, time.thread_time() - worked))
print(json.dumps(answers))
"""


@contextmanager
def silent():
    """The port of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(environ, **changes):
    """What three probes of a fresh web process are told, or more where the machine is too busy for a quick one: (status, parts, seconds, seconds of work) each."""
    run = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | environ | changes, capture_output=True, text=True, timeout=240, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


def settled(client):
    """The answer in which every part spoke for itself: on a busy machine the first look may take too long."""
    for _ in range(50):
        answer = client.get("/health/ready")
        if not any(part["sentence"] in {hang.sentence for hang in health._HANGS.values()} for part in answer.json.values() if isinstance(part, dict)):
            break
    return answer


def prompt(answers):
    """Whether they take under 200 ms: the quickest by the clock, and each by PATIENCE and its own work, which other work on the machine does not
    prolong, without waiting for the part that hangs, which takes a second at least."""
    return min(seconds for _, _, seconds, _ in answers) < 0.2 and all(health.PATIENCE + worked < 0.2 and seconds < 1 for _, _, seconds, worked in answers)


@pytest.fixture
def worker(app):
    """An RQ worker that has just said it is there, beside one for mail."""
    import rq

    workers = [rq.SimpleWorker([name], connection=queue.redis) for name in (NAME, MAIL)]
    for worker in workers:
        worker.register_birth()
    yield workers[0]
    for worker in workers:
        worker.register_death()


@pytest.fixture
def chain(app):
    """A chain a worker has just seen at block 42."""
    with transaction():
        onchain.see_chain(Block(42, "0x0", 0))


def test_a_living_process_says_so(client):
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"state": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_ready_when_every_part_is(client, worker, chain):
    queue.enqueue("settlement.settle")
    answer = settled(client)
    assert answer.status_code == 200
    assert answer.json["state"] == "ok"
    assert {name: part["state"] for name, part in answer.json.items() if name != "state"} == dict.fromkeys(("database", "redis", "queue", "chain"), "ok")
    assert answer.json["queue"]["sentence"] == "A worker is alive. Jobs waiting: 1."
    assert answer.json["chain"]["sentence"].startswith("Block 42, seen 0 s ago")


def test_without_a_worker_it_is_not_ready(client, chain):
    answer = settled(client)
    assert answer.status_code == 503
    assert answer.json["queue"]["state"] == "down" and "No worker is alive" in answer.json["queue"]["sentence"]
    assert answer.json["database"]["state"] == answer.json["redis"]["state"] == answer.json["chain"]["state"] == "ok"


def test_without_a_worker_for_mail_it_is_not_ready(client, worker, chain):
    queue.redis.delete("rq:workers:mail")
    answer = settled(client)
    assert answer.status_code == 503
    assert answer.json["queue"]["sentence"].startswith("No worker for mail is alive.")


def test_a_worker_that_fell_silent_is_not_alive(client, worker, chain):
    long_ago = clock.now() - health.SILENT_WORKER - timedelta(seconds=5)
    queue.redis.hset(worker.key, "last_heartbeat", long_ago.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert settled(client).json["queue"]["state"] == "down"


def test_a_moved_clock_does_not_kill_the_worker(client, worker, chain):
    clock.advance(timedelta(days=15))
    assert settled(client).json["queue"]["state"] == "ok"


def test_a_chain_nobody_has_seen_is_not_ready(client, worker):
    answer = settled(client)
    assert answer.status_code == 503 and "No worker has seen the chain yet" in answer.json["chain"]["sentence"]


def test_a_chain_last_seen_long_ago_is_not_ready(client, worker, chain):
    clock.advance(queries.SILENT + timedelta(seconds=30))
    answer = settled(client)
    assert answer.status_code == 503
    assert answer.json["chain"]["sentence"].startswith("The chain was last seen 9")


def test_a_database_that_hangs_does_not_hang_the_answer(app, environ, chain):
    with silent() as port:
        answers = ask(environ, DATABASE_URL=f"postgresql://lms:pw@127.0.0.1:{port}/lms")
    assert prompt(answers), answers
    for status, parts, *_ in answers:
        assert status == 503
        assert parts["database"] == {"state": "down", "sentence": "The database does not answer."}
        assert parts["chain"]["state"] == "down" and parts["redis"]["state"] == "ok"


def test_a_redis_that_hangs_does_not_hang_the_answer(app, environ, chain):
    with silent() as port:
        answers = ask(environ, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert prompt(answers), answers
    for status, parts, *_ in answers:
        assert status == 503
        assert parts["redis"]["state"] == parts["queue"]["state"] == "down"
    assert answers[-1][1]["database"]["state"] == "ok"


def test_everything_down_is_answered_too(environ):
    port = closed_port()
    answers = ask(environ, REDIS_URL=f"redis://127.0.0.1:{port}/0", DATABASE_URL=f"postgresql://lms:pw@127.0.0.1:{port}/lms")
    assert prompt(answers), answers
    for status, parts, *_ in answers:
        assert status == 503
        assert all(parts[name]["state"] == "down" and parts[name]["sentence"] for name in ("database", "redis", "queue", "chain"))


def test_the_answer_names_no_address_and_no_password(environ):
    answers = ask(environ, DATABASE_URL=f"postgresql://lms:planted-password@127.0.0.1:{closed_port()}/lms")
    assert "planted" not in str(answers) and "127.0.0.1" not in str(answers)


def test_a_part_that_hangs_holds_one_thread_however_often_is_asked(app):
    import threading

    release, looks = threading.Event(), []
    probe = health._Probe("database", lambda: (looks.append(1), release.wait(5)))
    asked = {probe.ask(app) for _ in range(20)}
    release.set()
    assert len(asked) == len(looks) == 1
