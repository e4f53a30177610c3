"""The services are real ones: they start on free ports, keep their data through a kill, and leave nothing."""

import json
import os
import signal
import socket
import subprocess
import time

import psycopg
import pytest
import redis

from rig import Refusal
from rig.process import Process, command_of, end_leftover, session
from rig.services import PATTERN, Anvil, Postgres, Redis

GIVEN = 10_000 * 10**18  # what each account of a new anvil has


@pytest.fixture
def postgres(tmp_path):
    service = Postgres(tmp_path, durable=False)
    yield service
    service.remove()


@pytest.fixture
def anvil(tmp_path):
    service = Anvil(tmp_path)
    yield service
    service.remove()


def test_postgres_keeps_its_rows_through_a_kill(postgres):
    with connect(postgres.start()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    kill(postgres)
    with connect(postgres.start()) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_postgres_asks_for_its_password(postgres):
    postgres.start()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=postgres.port, user="lms", password="guess", dbname="lms")


def test_postgres_works_in_a_closed_directory_and_leaves_nothing(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(closed, durable=False)
    with postgres:
        place = (closed / "postgres" / "cluster").resolve()
        assert (place / "data" / "PG_VERSION").exists()
    postgres.remove()
    assert not place.exists() and not postgres.directory.exists()


def test_a_copied_cluster_is_one_that_was_made_before(tmp_path, monkeypatch):
    monkeypatch.setenv(PATTERN, str(tmp_path / "pattern"))
    clusters = set()
    for name in ("made", "copied"):
        with Postgres(tmp_path / name, durable=False) as service, connect(service) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            clusters.update(connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone())
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host="127.0.0.1", port=service.port, user="lms", password="guess", dbname="lms")
        service.remove()
    assert len(clusters) == 1


def test_redis_keeps_its_keys(tmp_path):
    with Redis(tmp_path) as service:
        redis.Redis(port=service.port).set("kept", "yes")
    with Redis(tmp_path) as service:
        assert redis.Redis(port=service.port).get("kept") == b"yes"


def test_anvil_keeps_a_balance_over_a_stop(anvil):
    pay(anvil.start())
    anvil.stop()
    assert received(anvil.start()) == 5


def test_anvil_keeps_a_balance_through_a_kill(anvil):
    pay(anvil.start())
    wait_until(lambda: is_kept(anvil))
    kill(anvil)
    assert received(anvil.start()) == 5


def test_anvil_starts_from_its_last_good_state_when_a_kill_cut_the_newest_short(anvil):
    pay(anvil.start())
    wait_until(lambda: is_kept(anvil))
    kill(anvil)
    anvil.state.write_text(anvil.state.read_text()[:500])
    assert received(anvil.start()) == 5


def test_a_paced_anvil_mines_until_final_and_then_rests(tmp_path):
    with Anvil(tmp_path, pace=0.1) as anvil:
        pay(anvil)
        wait_until(lambda: anvil.call("eth_getBlockByNumber", "finalized", False)["number"] == "0x1")
        time.sleep(0.5)
        assert anvil.call("eth_blockNumber") == "0x3"


def test_a_restarted_anvil_is_as_far_ahead_as_the_clock(tmp_path):
    fifteen_days, began = 15 * 24 * 3600, int(time.time())
    with Anvil(tmp_path, ahead=lambda: fifteen_days) as anvil:
        anvil.call("evm_mine")
        mined = int(anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    assert began <= mined - fifteen_days <= time.time() + 1


def test_two_new_anvils_have_the_same_genesis(tmp_path):
    with Anvil(tmp_path / "one") as one, Anvil(tmp_path / "two") as two:
        assert genesis(one) == genesis(two)


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} for redis is taken: stop what listens there"):
            Redis(tmp_path, port).start()


def test_what_a_killed_run_left_is_ended(tmp_path):
    left = Process("sleeper", ["sleep", "600"], tmp_path)
    left.start()
    wait_until(lambda: command_of(left.pid))
    end_leftover(left.note)
    assert left.child.wait(5) == -signal.SIGTERM


def test_what_a_killed_leader_left_is_ended(tmp_path):
    """As RQ's work horse, in a process group of its own, outlives a worker that was killed."""
    leader = Process("leader", ["bash", "-c", "set -m; bash -c 'while true; do sleep 0.1; done' & wait"], tmp_path)
    leader.start()
    wait_until(lambda: len(session(leader.pid)) > 1)
    os.kill(leader.pid, signal.SIGKILL)
    leader.child.wait()
    end_leftover(leader.note)
    assert session(leader.pid) == []


def test_a_redis_that_a_killed_run_left_is_ended(tmp_path):
    """Although it shows another command line than it was started with."""
    left = Redis(tmp_path).start()
    assert command_of(left.pid) != left.process.command
    Redis(tmp_path, left.port).start().stop()
    assert not left.running


def test_a_stranger_with_a_remembered_pid_is_left_alone(tmp_path):
    ours = Process("ours", ["sleep", "300"], tmp_path)
    ours.start()
    note = json.loads(ours.note.read_text())
    ours.stop()
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    ours.note.write_text(json.dumps({**note, "pid": stranger.pid, "born": "1"}))
    end_leftover(ours.note)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def connect(postgres):
    return psycopg.connect(postgres.url.replace("+psycopg", ""))


def kill(service):
    os.kill(service.pid, signal.SIGKILL)


def pay(anvil):
    sender, receiver = anvil.call("eth_accounts")[:2]
    paid = anvil.call("eth_sendTransaction", {"from": sender, "to": receiver, "value": "0x5"})
    wait_until(lambda: anvil.call("eth_getTransactionReceipt", paid))  # the answer may come before the block


def received(anvil):
    return int(anvil.call("eth_getBalance", anvil.call("eth_accounts")[1], "latest"), 16) - GIVEN


def is_kept(anvil):
    """Whether a copy of the node's state, which it writes every second, holds what was paid."""
    return anvil.kept.exists() and hex(GIVEN + 5) in anvil.kept.read_text()


def genesis(anvil):
    return anvil.call("eth_getBlockByNumber", "0x0", False)["hash"]


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
