"""Who hangs, or is gone, holds nothing up for long."""

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import lms.app
from lms import create_app
from lms.db import alone, db, patience, transaction


@pytest.fixture
def start(app, environ):
    """start("web") is a process of that role beside the test's own."""
    started = []

    def start(role):
        started.append(create_app(role, environ))
        return started[-1]

    yield start
    for each in started:
        with each.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def setting(name, engine=None):
    with db.engines[engine].connect() as connection:
        return connection.scalar(text(f"SHOW {name}"))


@pytest.mark.parametrize("engine", [None, "reading"])
def test_a_machine_that_is_gone_keeps_no_lock_and_no_server_is_waited_for(start, engine):
    """TCP says it after two hours by itself; PostgreSQL shows what holds on this connection, libpq what we do."""
    with start("cli").app_context():
        with db.engines[engine].connect() as connection:
            ours = connection.connection.driver_connection.info.get_parameters()
        assert (ours["tcp_user_timeout"], ours["keepalives_idle"], ours["keepalives_interval"], ours["keepalives_count"]) == ("30000", "15", "5", "3")
        assert [setting(f"tcp_keepalives_{name}", engine) for name in ("idle", "interval", "count")] == ["15", "5", "3"]


def test_who_hangs_in_a_transaction_loses_it(start, monkeypatch, ana):
    monkeypatch.setitem(lms.app._SERVER_SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    change, ana_id = text("UPDATE users SET name = :name WHERE id = :id"), ana.id
    with start("cli").app_context():
        db.session.execute(change, {"name": "Nobody", "id": ana_id})
        with start("cli").app_context(), transaction():  # waits for its lock
            db.session.execute(change, {"name": "Ana", "id": ana_id})
        with pytest.raises(DBAPIError):
            db.session.commit()
    assert db.session.scalar(text("SELECT name FROM users WHERE id = :id"), {"id": ana_id}) == "Ana"


def test_no_job_takes_as_long_as_that(start):
    """What is lent to a job that hangs on a node is not taken from it before its own time is up."""
    with start("cli").app_context():
        assert setting("idle_in_transaction_session_timeout") == "5min"


def test_a_command_may_ask_the_node_for_longer_than_that(start, monkeypatch):
    monkeypatch.setitem(lms.app._SERVER_SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    with start("cli").app_context(), patience():
        for number in range(2):
            assert db.session.scalar(text("SELECT :number"), {"number": number}) == number
            time.sleep(0.5)
        db.session.commit()


def test_a_page_waits_for_no_lock_without_an_end(start, monkeypatch, ana):
    monkeypatch.setattr(lms.app, "_LONGEST_STATEMENT", "300ms")
    web = start("web")
    db.session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
    begun = time.monotonic()
    answer = web.test_client().get("/courses")
    db.session.rollback()
    assert answer.status_code == 503 and "It will be back by itself." in answer.text
    assert time.monotonic() - begun < 10


def test_a_job_may_wait_as_long_as_it_has_time(start):
    with start("cli").app_context():
        assert setting("statement_timeout") == "0"


def test_a_lock_ends_with_its_connection_and_with_it_who_is_alone(start):
    """Who has lost it goes on, and may do what another one does: each of these locks the rows it changes all the same."""
    with start("cli").app_context(), pytest.raises(DBAPIError), alone("something") as is_first:
        others = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        db.session.execute(others)
        db.session.rollback()
        with start("cli").app_context(), alone("something") as is_second:
            assert is_first and is_second
