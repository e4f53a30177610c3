"""A worker's app over a real anvil with TeoCoin deployed anew for each test."""

import base64

import pytest
import rq
from rq.registry import FailedJobRegistry

from rig.services import Anvil
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
    anvil.call("evm_revert", fresh)
    anvil.call("anvil_dropAllTransactions")


@pytest.fixture
def worker(app, anvil, worker_environ):
    """The app as a worker and the command line have it, with the contract deployed and the platform's address made."""
    from lms import create_app

    fresh = anvil.call("evm_snapshot")
    worker = create_app("cli", worker_environ)
    with worker.app_context():
        for command in (["chain", "signer"], ["chain", "deploy"]):
            result = worker.test_cli_runner().invoke(args=command)
            assert result.exit_code == 0, (result.output, result.exception)
        yield worker
    forget(anvil, fresh)


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
