"""A worker's app over a real anvil with TeoCoin deployed anew for each test."""

import base64
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
import rq
from rq.registry import FailedJobRegistry
from sqlalchemy import text

from lms.chain import custodial_keys, transactions
from lms.chain.signers import LocalSigner
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.wallet import actions as wallet
from lms.jobs import chain
from lms.queue import enqueue
from rig import tools
from rig.services import Anvil
from tests import rows
from tests.aws import kms as kms
from tests.conftest import teo
from tests.jobs.acts import ask, credit, pay, wallets_made

KEK = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(scope="session")
def anvil(home):
    with Anvil(home) as node:
        yield node
        node.remove()


@pytest.fixture(scope="session")
def worker_environ(environ, anvil, home):
    return {**environ, "RPC_URLS": anvil.url, "KEK": KEK, "SIGNER_FILES": str(home / "signer.json"), "SETTLE_SECONDS": "0"}


def forget(anvil, fresh):
    """Bring the node back to a snapshot, with nothing waiting in its pool before or after, nor on its way into a block: it would be mined in a later test.

    What the next block asks for is no part of a snapshot."""
    anvil.call("evm_setAutomine", False)
    anvil.call("anvil_dropAllTransactions")
    anvil.call("evm_mine")  # behind the block that is being made
    assert anvil.call("evm_revert", fresh)
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(transactions.GWEI))
    anvil.call("anvil_dropAllTransactions")
    anvil.call("evm_setAutomine", True)


class Deployed:
    """A worker's app, the chain with the contracts on it, and the rows that know them: made once, given back to each test as it was.

    To deploy for each test anew took longer than most of them."""

    def __init__(self, anvil, environ):
        from lms import create_app

        self._anvil = anvil
        self.bare, before = anvil.call("evm_snapshot"), rows.everything()
        self.app = create_app("cli", environ)
        with self.app.app_context():
            for command in (["chain", "signer"], ["chain", "deploy"]):
                result = self.app.test_cli_runner().invoke(args=command)
                assert result.exit_code == 0, (result.output, result.exception)
            with transaction():
                db.session.execute(text("DELETE FROM audit_log"))  # of what is done here no test wants to know
            made = {table: [row for row in found if row not in before[table]] for table, found in rows.everything().items()}
        self._rows = {table: found for table, found in made.items() if found}
        self._config, self._snapshot = dict(self.app.config), anvil.call("evm_snapshot")

    def put_rows(self):
        rows.put(self._rows)

    def give_back(self):
        forget(self._anvil, self._snapshot)
        self._snapshot = self._anvil.call("evm_snapshot")
        self.app.config.clear()
        self.app.config.update(self._config)


@pytest.fixture(scope="session")
def deployments():
    """The Deployed by the settings of the worker, at most one at a time."""
    return {}


@pytest.fixture
def worker(app, anvil, worker_environ, deployments):
    """The app as a worker and the command line have it, with the contracts deployed and the platform's address made."""
    key = tuple(sorted(worker_environ.items()))
    if key in deployments:
        deployments[key].put_rows()
    else:
        _undeploy(anvil, deployments)
        deployments[key] = Deployed(anvil, worker_environ)
    with deployments[key].app.app_context():
        yield deployments[key].app
    deployments[key].give_back()


@pytest.fixture
def bare(anvil, deployments):
    """A chain on which nothing of ours has ever been."""
    _undeploy(anvil, deployments)
    fresh = anvil.call("evm_snapshot")
    yield
    forget(anvil, fresh)


@pytest.fixture
def undeployed(app, bare, worker_environ):
    """A worker's app on a chain where nothing is yet, with its signer made."""
    from lms import create_app

    worker = create_app("cli", worker_environ)
    with worker.app_context():
        assert worker.test_cli_runner().invoke(args=["chain", "signer"]).exit_code == 0
        yield worker


def deploy(app):
    return app.test_cli_runner().invoke(args=["chain", "deploy"])


def _undeploy(anvil, deployments):
    for deployed in deployments.values():
        forget(anvil, deployed.bare)
    deployments.clear()


class Naps(threading.local):
    """Time that passes while somebody sleeps, and stands still while he works: whoever has so much of it looks as often on a busy machine."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        time.sleep(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def drives_are_short(monkeypatch):
    """A drive stays with what no block takes; here blocks come at once or not at all."""
    monkeypatch.setattr(chain, "time", Naps())
    monkeypatch.setattr(chain, "PATIENCE", 0.3)  # seconds
    monkeypatch.setattr(chain, "STEP", 0.02)


class Deaf(rq.SimpleWorker):
    """Takes no commands: the thread that hears them takes a third of a second to end, longer than most of what is to be done."""

    def subscribe(self): ...

    def unsubscribe(self): ...


@pytest.fixture
def run_jobs(worker):
    """run_jobs() lets a real RQ worker do what is queued, until nothing is; a job that fails fails the test."""
    from lms.queue import MAIL, NAME, lasting

    redis = lasting(worker.config["REDIS_URL"])

    def run():
        jobs = rq.Queue(NAME, connection=redis)
        Deaf([jobs, rq.Queue(MAIL, connection=redis)], connection=redis).work(burst=True, logging_level="ERROR")
        failed = FailedJobRegistry(queue=jobs)
        assert not failed.get_job_ids(), rq.job.Job.fetch(failed.get_job_ids()[0], connection=redis).exc_info
        return jobs

    return run


@pytest.fixture
def audit(worker):
    """audit() is the last line `flask audit` prints."""

    def last_line():
        result = worker.test_cli_runner().invoke(args=["audit"])
        return result.output.strip().splitlines()[-1]

    return last_line


@pytest.fixture
def bought(ana, course):
    with transaction():
        order = checkout.place_order(ana, course, "k1")
    with transaction():
        event = SimpleNamespace(id="e1", kind="payment.succeeded", reference="p1", order_id=order.id, amount=8000, currency="EUR")
        checkout.receive("sandbox", event)
    return order


@pytest.fixture
def queued(worker, bought):
    """An operation that waits for its signature."""
    wallets_made()
    with transaction():
        return wallet.open_batch()


@pytest.fixture
def blocks_wait(anvil):
    """blocks_wait() keeps the node from mining by itself."""
    yield lambda: anvil.call("evm_setAutomine", False)
    anvil.call("evm_setAutomine", True)


@pytest.fixture
def rich(ana, worker, run_jobs):
    """Ana, with 50 TEO at her address."""
    credit(ana, teo(50), "gift")
    enqueue("wallets.sweep")
    enqueue("stuck_transactions.sweep")
    run_jobs()
    return ana


@pytest.fixture
def flow(anvil, run_jobs):
    """flow() lets everything happen that can, finality included."""

    def go():
        for _ in range(3):
            enqueue("settlement.settle")
            run_jobs()
            anvil.call("anvil_mine", "0x3")
            enqueue("stuck_transactions.sweep")
            run_jobs()

    return go


def with_gas(anvil, byte):
    """Who signs with the key of these bytes, and can pay for it."""
    key = custodial_keys.Key(byte * 32)
    anvil.call("anvil_setBalance", key.address, hex(10**20))
    return LocalSigner(key)


@pytest.fixture
def stranger(anvil):
    """Somebody's own wallet, with gas."""
    return with_gas(anvil, b"\x07")


@pytest.fixture
def holding(rich, stranger, flow):
    """The stranger, with 20 TEO that Ana withdrew."""
    ask(rich, 20, to=stranger.address)
    flow()
    return stranger


@pytest.fixture
def pay_in(holding, anvil):
    """pay_in(user, amount) sends TEO to the member's address and makes it final."""

    def send(user, amount, final=True):
        pay(holding, user, amount)
        if final:
            anvil.call("anvil_mine", "0x3")

    return send


@pytest.fixture
def backup(services):
    """backup() keeps the database as it is, and answers the function that brings it back."""
    postgres, _ = services
    url, programs = postgres.url.replace("+psycopg", ""), tools.postgres() / "pginstall" / "bin"

    def run(program, *arguments, **options):
        return subprocess.run([programs / program, *arguments, url], capture_output=True, text=True, check=True, **options).stdout

    def keep():
        kept = run("pg_dump", "--data-only", "--disable-triggers", "--exclude-table=alembic_version")

        def restore():
            db.session.rollback()
            with transaction():
                db.session.execute(text("SET LOCAL session_replication_role = replica"))
                db.session.execute(text("; ".join(f"DELETE FROM {table.name}" for table in db.metadata.sorted_tables)))
            run("psql", "-q", "-v", "ON_ERROR_STOP=1", input=kept)
            db.session.expire_all()

        return restore

    return keep


@pytest.fixture
def recover(worker, anvil, run_jobs):
    def run():
        anvil.call("anvil_mine", "0x3")
        result = worker.test_cli_runner().invoke(args=["chain", "recover"])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run
