"""The pipeline as it runs: PostgreSQL, Redis, a node with a block each second, workers and cron, all of which goes away at the end."""

import base64
import secrets
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import rq
from flask_migrate import upgrade

from bench.house import make_app, settings
from lms.chain import anvil
from lms.db import transaction
from lms.domain.ledger.actions import open_platform
from lms.domain.rulebook.actions import install
from lms.jobs import node
from lms.queue import NAME, queue
from rig import Refusal, tools
from rig.process import Process
from rig.services import LOOPBACK, Anvil, Postgres, Redis
from rig.tools import PYTHON

GAS_LIMIT = 120_000_000  # of a block
SIGNERS = 4
FUNDS = 10**24  # wei
LONGEST_START = 120  # seconds
CALM = 1


class Node(Anvil):
    """anvil with blocks as large as Polygon's, one each second; it keeps nothing."""

    def _prepare(self):
        pass

    def _command(self):
        return [
            *[tools.anvil(), "--silent", "--host", LOOPBACK, "--port", self.port, "--chain-id", self.chain_id],
            *["--block-time", 1, "--gas-limit", GAS_LIMIT, "--slots-in-an-epoch", 1],
        ]

    def _started(self):
        pass


class Works:
    """The app in its context as `flask` commands have it, and the workers beside it."""

    def __init__(self, directory, environ):
        self.directory, self.environ, self.processes = directory, environ, []

    @contextmanager
    def running(self, signers):
        """Cron, and workers enough for so many lanes and settlement beside them."""
        files = ",".join(self.environ["SIGNER_FILES"].split(",")[:signers])
        worker = self.environ | {"SIGNER_FILES": files, "LOG_LEVEL": "INFO"}
        cron = {name: value for name, value in self.environ.items() if name not in ("KEK", "SIGNER_FILES")}
        processes = [Process(f"worker-{number}", [PYTHON, "-m", "lms.jobs.worker"], self.directory, worker) for number in range(signers + 1)]
        processes.append(Process("cron", [PYTHON, "-m", "lms.jobs.cron"], self.directory, cron))
        try:
            for process in processes:
                process.log.unlink(missing_ok=True)  # or its last start would be taken for this one
                process.start()
            for process in processes[:-1]:
                process.wait_until(lambda process=process: "ready for jobs" in process.log.read_text(), LONGEST_START)
            _await_the_first_round()
            yield
        finally:
            for process in processes:
                process.stop()


@contextmanager
def works():
    """The Works, migrated and deployed, with signers that have the coin they need."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True))
        services = postgres, redis, chain = Postgres(directory, durable=False), Redis(directory, durable=False), Node(directory)
        for service in services:
            stack.callback(service.remove)
            service.start()
        environ = settings(postgres, redis) | _of_the_chain(directory, chain)
        app = make_app(environ, "cli")
        stack.enter_context(app.app_context())
        _prepare(app)
        yield Works(Path(directory), environ)


def _await_the_first_round():
    """When it begins, cron asks for all that it ever asks for: hourly jobs too, one after the other."""
    jobs, calm_since = rq.Queue(NAME, connection=queue.redis), None
    while calm_since is None or time.monotonic() - calm_since < CALM:
        if jobs.count or jobs.started_job_registry.count:
            calm_since = time.monotonic()
        time.sleep(0.05)


def _of_the_chain(directory, chain):
    return {
        "RPC_URLS": chain.url,
        "CHAIN_ID": str(chain.chain_id),
        "CHAIN_DEPTH": "1",
        "KEK": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SIGNER_FILES": ",".join(f"{directory}/signer-{number}.json" for number in range(SIGNERS)),
        "SETTLE_SECONDS": "0",
    }


def _prepare(app):
    upgrade()
    with transaction():
        open_platform()
        install()
    for command in ("signer", "deploy"):
        result = app.test_cli_runner().invoke(args=["chain", command])
        if result.exit_code:
            raise Refusal(f"{result.output}\n\n`flask chain {command}` failed in the bench.")
    for address in node.addresses():
        anvil.fund(node.pool(), address, FUNDS)
