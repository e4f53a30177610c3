"""The whole application with all it needs, on loopback: for `make demo`, and in private for tests and the bench."""

import base64
import fcntl
import hashlib
import json
import os
import re
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

from rig import ROOT, VAR, Refusal, setup
from rig.process import Process, end_leftover
from rig.services import LOOPBACK, Anvil, Postgres, Redis, free_port, is_taken
from rig.terminal import run, say
from rig.tools import PYTHON

# A part that ends this often within a minute will not get better by being started again.
TOO_OFTEN = 5


class Demo:
    """PostgreSQL, Redis, anvil, web, workers and cron in one directory, which keeps everything for the next start.

    `ports` names ports by part ("web", "postgres", …), any other is a free one; `extra_env` goes to web and worker;
    `database_url` is used in place of a PostgreSQL of our own.
    """

    def __init__(self, directory, ports=None, extra_env=None, database_url="", durable=True, pace=1):
        self.directory = Path(directory).resolve()
        self.extra_env = extra_env or {}
        self.database_url = database_url
        ports = ports or {}
        self.port = ports.get("web") or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.postgres = None if database_url else Postgres(self.directory, ports.get("postgres"), durable)
        self.redis = Redis(self.directory, ports.get("redis"), durable)
        self.anvil = Anvil(self.directory, ports.get("anvil"), pace, self._clock_ahead)
        self.web = self.worker = self.mail = self.cron = None
        self.web_env, self.worker_env = {}, {}

    @property
    def services(self):
        return [service for service in (self.postgres, self.redis, self.anvil) if service]

    @property
    def _processes(self):
        return self.web, self.worker, self.mail, self.cron

    @property
    def parts(self):
        """Everything that runs, in the order of starting."""
        return [*self.services, *(process for process in self._processes if process)]

    def start(self, say=lambda line: None):
        """Start all, and return when the site says it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._end_leftovers()
        if is_taken(self.port):
            raise Refusal(f"Port {self.port} is taken: stop what listens there, or choose another port: make demo DEMO_PORT=8001")
        for service in self.services:
            say(f"Starting {service.name}")
            service.start()
        self._write_environments()
        say("Preparing database, chain and courses; starting web, workers and cron")
        if self._is_prepared():
            self._start_processes()
        elif _is_migrated(self._database()):
            self._start_processes()
            self._prepare()
        else:
            self._prepare()
            self._start_processes()
        self.web.wait_until(self._is_ready, seconds=60)
        return self

    def stop(self):
        for part in reversed(self.parts):
            part.stop()

    def remove(self):
        """Stop all and delete the data."""
        self.stop()
        for service in self.services:
            service.remove()

    def supervise(self, say):
        """Start again what ends, for ever."""
        ends = {part.name: [] for part in self.parts}
        while True:
            time.sleep(0.5)
            for part in self.parts:
                if not part.running:
                    self._revive(part, ends[part.name], say)

    def logins(self):
        """Return what the seed says about whom to log in as."""
        return (self.directory / "logins.txt").read_text().strip()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _revive(self, part, ends, say):
        ends[:] = [end for end in ends if end > time.monotonic() - 60] + [time.monotonic()]
        if len(ends) > TOO_OFTEN:
            raise Refusal(f"{part.tail()}\n\n{part.name} ended {len(ends)} times within a minute: see {part.log}.")
        say(f"{part.name} {part.fate()} and is started again")
        part.start()

    def _end_leftovers(self):
        """End what a demo that was killed left behind: those who write first, PostgreSQL last."""
        for name in ("cron", "mail", "worker", "web", "anvil", "redis"):
            end_leftover(self.directory / f"{name}.pid")
        end_leftover(self.directory / "postgres.pid", Postgres.stop_signal)

    def _write_environments(self):
        secret = self._secrets()
        both = {
            "ENVIRONMENT": "demo",
            "DATABASE_URL": self._database(),
            "REDIS_URL": self.redis.url,
            "RPC_URLS": self.anvil.url,
            "CHAIN_ID": str(self.anvil.chain_id),
            "CHAIN_DEPTH": "1",
            "BASE_URL": self.url,
            "MAIL_URL": f"outbox://{self.directory}/outbox",
            "FILES_URL": f"file://{self.directory}/files",
            "CLOCK_FILE": str(self.directory / "clock"),
            "SECRET_KEY": secret["SECRET_KEY"],
        }
        paying = {"PAYMENT_GATEWAY": "sandbox", "PAYMENT_WEBHOOK_SECRET": secret["PAYMENT_WEBHOOK_SECRET"]}
        paying["PAYMENT_SANDBOX_FILE"] = str(self.directory / "payments.jsonl")
        priced = {"POL_PRICE_EUR": "0.20"}
        web = {"PAYER_IBAN": "DE02120300000000202051", "PAYER_BIC": "BYLADEM1001"}
        worker = {"KEK": secret["KEK"], "SIGNER_FILES": str(self.directory / "signer.json"), "SETTLE_SECONDS": "0"}
        self.web_env = {**both, **paying, **priced, **web, **self.extra_env}
        self.worker_env = {**both, **paying, **priced, **worker, **self.extra_env}
        _write_env(self.directory / "web.env", self.web_env)
        _write_env(self.directory / "worker.env", self.worker_env)

    def _database(self):
        return self.database_url or self.postgres.url

    def _secrets(self):
        """Return the secrets made at the first start: without them the kept data is worth nothing."""
        path = self.directory / "secrets.json"
        if not path.exists():
            made = {
                "SECRET_KEY": secrets.token_hex(32),
                "PAYMENT_WEBHOOK_SECRET": secrets.token_hex(32),
                "KEK": base64.b64encode(secrets.token_bytes(32)).decode(),
            }
            _write_private(path, json.dumps(made))
        return json.loads(path.read_text())

    def _is_prepared(self):
        """Whether this code has prepared our own database and the chain still holds the contracts: then READY is there in half the time."""
        if self.postgres is None or not (self._stamp.exists() and (self.directory / "logins.txt").exists()):
            return False
        if self._stamp.read_text() != _code() + self._keys():
            return False
        try:
            with psycopg.connect(_plain(self.postgres.url)) as connection:
                contracts = connection.execute("SELECT address FROM contracts").fetchall()
        except psycopg.Error:
            return False
        return bool(contracts) and all(self.anvil.call("eth_getCode", address, "latest") != "0x" for (address,) in contracts)

    @property
    def _stamp(self):
        """Beside the data it speaks of, and gone with them."""
        return self.postgres.directory / "prepared"

    def _keys(self):
        """What stands for the keys that open what is kept."""
        files = [self.directory / name for name in ("secrets.json", "signer.json")]
        return "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.exists())

    def _prepare(self):
        code = _code()
        if self.postgres:
            self._stamp.unlink(missing_ok=True)
        prepare = Process(
            "prepare", [PYTHON, "-m", "rig.prepare", self.directory / "logins.txt"], self.directory, _with_path(self.worker_env)
        )
        prepare.start()
        status = prepare.child.wait()
        prepare.stop()
        if status:
            raise Refusal(
                f"{prepare.tail()}\n\nThe database, the chain or the seed could not be prepared: the whole story is in {prepare.log}."
            )
        if self.postgres:
            self._stamp.write_text(code + self._keys())

    def _start_processes(self):
        web, worker = _with_path(self.web_env), _with_path(self.worker_env)
        # Who sends mail or only puts jobs on a queue gets the environment without keys.
        self.web = Process(
            "web", [PYTHON, "-m", "gunicorn", "wsgi:app", "--workers", 2, "--bind", f"{LOOPBACK}:{self.port}"], self.directory, web
        )
        self.worker = Process("worker", [PYTHON, "-m", "lms.jobs.worker"], self.directory, worker)
        self.mail = Process("mail", [PYTHON, "-m", "lms.jobs.worker", "mail"], self.directory, web)
        self.cron = Process("cron", [PYTHON, "-m", "lms.jobs.cron"], self.directory, web)
        for process in self._processes:
            process.start()

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _clock_ahead(self):
        clock = self.directory / "clock"
        return int(clock.read_text() or 0) if clock.exists() else 0


def main():
    """Run the demo until Ctrl-C, in var/demo or in the directory given."""
    port = _port(os.environ.get("DEMO_PORT", "8000"))
    directory = Path(*sys.argv[1:] or [VAR / "demo"])
    directory.mkdir(parents=True, exist_ok=True)
    _stop_on_signals()
    with open(directory / "demo.lock", "w") as lock:
        _only_once(lock)
        demo = Demo(directory, {"web": port}, database_url=os.environ.get("DATABASE_URL", ""))
        try:
            demo.start(say)
            say(f"\nREADY  {demo.url}\n\n{demo.logins()}\n\nLogs: {directory}/log   Stop: Ctrl-C")
            demo.supervise(say)
        except KeyboardInterrupt:
            pass
        finally:
            if any(part.running for part in demo.parts):
                say("\nStopping")
            demo.stop()


def _code():
    """What stands for all that preparing runs."""
    folders = {"lms": ("*.py", "*.md"), "migrations": ("*.py",), "contracts/src": ("*.sol",), "contracts/build": ("*.stamp",)}
    sources = [path for folder, patterns in folders.items() for pattern in patterns for path in (ROOT / folder).rglob(pattern)]
    return setup.hash_of([*sorted(sources), ROOT / "requirements.lock", ROOT / "rig" / "prepare.py"])


def _plain(database_url):
    return database_url.replace("+psycopg", "")


def _is_migrated(database_url):
    """Whether the database has the newest schema: then all may start at once, which halves the time to READY."""
    scripts = "".join(path.read_text() for path in (ROOT / "migrations" / "versions").glob("*.py"))
    newest = set(re.findall(r"^revision = ['\"](\w+)", scripts, re.MULTILINE))
    newest -= set(re.findall(r"^down_revision = ['\"](\w+)", scripts, re.MULTILINE))
    try:
        with psycopg.connect(_plain(database_url)) as connection:
            return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")} == newest
    except psycopg.Error:
        return False  # no table yet, or no answer: preparing will say which


def _port(text):
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refusal(f"DEMO_PORT is {text!r}, which is no port: give a number from 1 to 65535.")
    return int(text)


def _stop_on_signals():
    """Make a closed terminal and a plain kill end the demo as Ctrl-C does; a second signal changes nothing."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(*_):
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in signals:
        signal.signal(number, stop)


def _only_once(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal("The demo of this clone is running already: use it, or stop it first with Ctrl-C in its terminal.") from None


def _with_path(env):
    return {"PATH": os.environ["PATH"], **env}


def _write_env(path, env):
    _write_private(path, "".join(f"{name}='{value}'\n" for name, value in env.items()))


def _write_private(path, text):
    """Write a file that only its owner reads, whole or not at all."""
    making = path.with_name(f"{path.name}.making")
    making.unlink(missing_ok=True)
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    making.rename(path)


if __name__ == "__main__":
    run(main)
