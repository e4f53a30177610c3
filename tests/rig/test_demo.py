"""`make demo`: one address, separate environments, and nothing is lost when it is killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from rig import ROOT
from rig.demo import Demo
from rig.process import command_of, session
from rig.services import Postgres, free_port

KEYS = {"KEK", "SIGNER_FILES"}
PARTS = ("web", "worker", "mail", "cron", "anvil", "redis", "postgres")


class Running:
    """A demo started as `make demo` starts it; its lines are read as they come."""

    def __init__(self, directory, port, **env):
        self.directory, self.port = directory, port
        env |= {"PATH": os.environ["PATH"], "DEMO_PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.demo", directory], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True)
        self.reader.start()

    def until(self, text, seconds=120):
        """Wait for a line with this text."""
        deadline = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            assert self.process.poll() is None and time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.05)

    def pid(self, name):
        return json.loads((self.directory / f"{name}.pid").read_text())["pid"]

    def next_pid(self, name, last):
        """Wait for another process than the last."""
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(FileNotFoundError):
                if self.pid(name) != last or time.monotonic() > deadline:
                    return self.pid(name)
            time.sleep(0.05)

    def end(self):
        """Stop it as Ctrl-C does, and return its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.reader.join()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("demo")
    yield directory
    Demo(directory).remove()


@pytest.fixture(scope="module")
def running(directory):
    """running() is the demo of this directory, at READY: started where there is none, as after a test that has ended it."""
    with contextlib.ExitStack() as all_of_them:
        started = []

        def run():
            if not started or started[-1].process.poll() is not None:
                started.append(all_of_them.enter_context(Running(directory, free_port())))
                started[-1].until("READY")
            return started[-1]

        yield run


@pytest.fixture
def demo(running):
    return running()


@pytest.fixture
def logs(running, directory):
    """Of the demos that have run here, whether one runs now or not."""
    if not (directory / "log").exists():
        running()
    return directory / "log"


def test_ready_names_address_and_logins(demo):
    said = "".join(demo.lines)
    assert f"READY  http://127.0.0.1:{demo.port}" in said
    assert [name for name in ("student@", "teacher@", "admin@", "admin2@") if name not in said] == []
    assert urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/").status == 200


def test_only_the_worker_has_the_keys(demo):
    assert KEYS & set(env_file(demo.directory / "web.env")) == set()
    assert KEYS - set(env_file(demo.directory / "worker.env")) == set()


@pytest.mark.parametrize("name", ["web", "mail", "cron"])
def test_a_process_without_keys_has_the_webs_file_and_a_path_and_nothing_else(demo, name):
    running = Path(f"/proc/{demo.pid(name)}/environ").read_text().split("\0")[:-1]
    assert {line.partition("=")[0] for line in running} == {*env_file(demo.directory / "web.env"), "PATH"}


@pytest.mark.parametrize("name", ["web.env", "worker.env", "secrets.json"])
def test_secrets_are_their_owners_only(demo, name):
    assert (demo.directory / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("lost", ["logins.txt", "signer.json", "postgres/prepared"])
def test_what_is_not_as_it_was_is_prepared_anew(prepared, lost):
    assert prepared._is_prepared()
    path = prepared.directory / lost
    kept = path.read_bytes()
    path.unlink()
    assert not prepared._is_prepared()
    path.write_bytes(kept)
    assert prepared._is_prepared()


def test_a_chain_without_the_contracts_is_prepared_anew(prepared):
    with psycopg.connect(prepared.postgres.url.replace("+psycopg", "")) as connection:
        ((address,),) = connection.execute("SELECT address FROM contracts WHERE name = 'TeoCoin'").fetchall()
    code = prepared.anvil.call("eth_getCode", address, "latest")
    prepared.anvil.call("anvil_setCode", address, "0x")
    assert not prepared._is_prepared()
    prepared.anvil.call("anvil_setCode", address, code)
    for _ in range(2):  # the first may be of the moment before: a node killed now would come back without the contract
        _wait_for_change(prepared.anvil.state)


def _wait_for_change(path):
    before, deadline = path.stat().st_mtime_ns, time.monotonic() + 60
    while path.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline, f"{path} is not written"
        time.sleep(0.05)


@pytest.fixture
def prepared(demo, directory):
    """What the demo that runs was started from, as the next start sees it."""
    return Demo(directory, {name: port_of(directory, name) for name in ("postgres", "anvil")})


def port_of(directory, name):
    command = Path(f"/proc/{json.loads((directory / f'{name}.pid').read_text())['pid']}/cmdline").read_text().split("\0")
    return int(command[command.index({"postgres": "-p", "anvil": "--port"}[name]) + 1])


@pytest.mark.parametrize("name", ["worker", "anvil"])
def test_a_part_that_is_killed_is_started_again(demo, name):
    killed = demo.pid(name)
    os.kill(killed, signal.SIGKILL)
    demo.until(f"{name} was ended by signal 9 and is started again")
    assert demo.next_pid(name, killed) != killed


def test_a_second_demo_in_the_same_place_is_refused_in_a_sentence(demo):
    with Running(demo.directory, free_port()) as second:
        assert second.process.wait(60) == 1
    assert second.lines[-1].startswith("The demo of this clone is running already")


def test_a_killed_demo_starts_again_with_all_it_had(demo, directory):
    before, prepared = kept(directory), (directory / "log" / "prepare.log").stat().st_mtime_ns
    orphans = [demo.pid(name) for name in PARTS]
    demo.process.kill()
    demo.process.wait()
    with Running(directory, demo.port) as again:
        again.until("READY")
        assert kept(directory) == before
        assert (directory / "log" / "prepare.log").stat().st_mtime_ns == prepared, "it was prepared anew"
        assert {pid: [command_of(left) for left in session(pid)] for pid in orphans if session(pid)} == {}
        parts = [again.pid(name) for name in PARTS]
    assert again.end() == 0
    assert [pid for pid in parts if session(pid)] == []


def test_a_database_of_ones_own_is_used_in_place_of_ours(tmp_path):
    with Postgres(tmp_path / "own", durable=False) as own:
        address = own.url.replace("+psycopg", "")
        with Running(tmp_path / "demo", free_port(), DATABASE_URL=address) as demo:
            demo.until("READY")
            with psycopg.connect(address) as connection:
                assert connection.execute("SELECT count(*) FROM courses").fetchone()[0] > 0
            assert not (demo.directory / "postgres").exists()
        own.remove()


def test_a_taken_port_is_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Running(tmp_path, port) as refused:
            assert refused.process.wait(60) == 1
    assert f"Port {port} is taken: stop what listens there, or choose another port" in "".join(refused.lines)


@pytest.mark.parametrize("name", ["web", "worker", "mail", "cron"])
def test_every_line_of_the_logs_is_an_object(logs, name):
    """Also those of gunicorn and RQ, of parts that were killed, and of their ends."""
    lines = (logs / f"{name}.log").read_text().splitlines()
    assert lines
    assert [line for line in lines if not line.startswith('{"at": ') or not json.loads(line)["message"]] == []


def kept(directory):
    """What must be the same after a start: the deployment, by its address, and its courses."""
    url = env_file(directory / "web.env")["DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT name, address, tx_hash FROM contracts JOIN creations ON contract_id = contracts.id ORDER BY name").fetchall(), connection.execute(
            "SELECT count(*) FROM courses"
        ).fetchone()


def env_file(path):
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in path.read_text().splitlines())}
