"""A worker's app over a real anvil with TeoCoin deployed anew for each test."""

import base64

import pytest
import rq
from rq.registry import FailedJobRegistry

from rig.services import Anvil
from tests import rows
from tests.aws import kms as kms

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
    """Bring the node back to a snapshot, with nothing waiting in its pool: what waited would be mined in a later test."""
    assert anvil.call("evm_revert", fresh)
    anvil.call("anvil_dropAllTransactions")


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


def _undeploy(anvil, deployments):
    for deployed in deployments.values():
        forget(anvil, deployed.bare)
    deployments.clear()


@pytest.fixture
def run_jobs(worker):
    """run_jobs() lets a real RQ worker do what is queued, until nothing is; a job that fails fails the test."""
    from lms.queue import MAIL, NAME, queue

    def run():
        jobs = rq.Queue(NAME, connection=queue.connection())
        rq.SimpleWorker([jobs, rq.Queue(MAIL, connection=queue.connection())], connection=queue.connection()).work(burst=True, logging_level="ERROR")
        failed = FailedJobRegistry(queue=jobs)
        assert not failed.get_job_ids(), rq.job.Job.fetch(failed.get_job_ids()[0], connection=queue.connection()).exc_info
        return jobs

    return run


@pytest.fixture
def audit(worker):
    """audit() is the last line `flask audit` prints."""

    def last_line():
        result = worker.test_cli_runner().invoke(args=["audit"])
        return result.output.strip().splitlines()[-1]

    return last_line
