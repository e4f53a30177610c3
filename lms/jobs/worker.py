"""The RQ workers; each job runs in a fork, inside the app.

`python -m lms.jobs.worker` alone has the chain's keys and does all but mail, payments, uploads and backtests; `python -m lms.jobs.worker mail` does those and has none."""

import argparse
import gc
import logging
from importlib import import_module
from inspect import isfunction

import rq
from babel import localedata
from jinja2 import meta
from rq import worker_registration
from rq.utils import import_attribute
from sqlalchemy.orm import configure_mappers

from lms import create_app, logs
from lms.domain.accounts.models import LOCALES
from lms.formats.safe_pickle import Plain
from lms.jobs.time_limit import Alarm
from lms.live_fragments import FRAGMENTS
from lms.queue import MAIL, NAME, lasting, queue

log = logging.getLogger("lms.jobs.worker")
QUEUES = {"worker": NAME, "mail": MAIL}  # by the role of the process
# Imported before the first fork, as web3 takes a second to import; who sends mail does without it.
JOBS = {
    "worker": (
        *("accounts", "announce", "audit", "backtests", "balances", "certificates", "chain", "checkout", "contracts", "deposits", "desk", "exercises", "files", "keys"),
        *("mail", "notices", "payments", "quizzes", "rewards", "rpc_endpoints", "schedule", "settlement", "snapshots", "simulations", "solvency", "staking", "stuck_transactions", "wallets", "withdrawals"),
    ),
    "mail": ("backtests", "files", "mail", "payments", "schedule"),
}
NAMES = set()  # of the jobs that this process does


def load(role):
    """Import the jobs of a role; from now on this process does them, and no others."""
    for module in [import_module(f"lms.jobs.{name}") for name in JOBS[role]]:
        own = (name for name, value in vars(module).items() if isfunction(value) and value.__module__ == module.__name__)
        NAMES.update(f"{module.__name__}.{name}" for name in own if not name.startswith("_"))


class Job(rq.job.Job):
    """Runs our own jobs only, whatever else Redis names, and nothing after them."""

    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self):
        if self.func_name not in NAMES:
            raise PermissionError(f"{self.func_name} is no job of ours")
        return import_attribute(self.func_name)


class Worker(rq.Worker):
    """Gives every job the app's context and the id of the request that caused it."""

    app = None
    job_class = Job
    death_penalty_class = Alarm
    max_connection_wait_time = 5.0  # seconds: a Redis that is back is noticed soon, however long it was away

    def perform_job(self, job, *rest):
        with self.app.app_context():
            logs.request_id.set(job.meta.get("request_id") or logs.new_request_id())
            return super().perform_job(job, *rest)

    def handle_job_failure(self, job, queue, started_job_registry=None, exc_string="", execution=None):
        """What is kept of a failure is shown to admins by a process that does not know our secrets: they are taken out here."""
        super().handle_job_failure(job, queue, started_job_registry, logs.hide(exc_string), execution)

    def heartbeat(self, timeout=None, pipeline=None):
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)  # a Redis that was emptied has forgotten us


def warm(app, role):
    """Do before the first fork what each job would do anew: tables mapped, templates compiled, words for dates loaded."""
    configure_mappers()
    for name in _with_what_they_use(app.jinja_env, _templates(app.jinja_env, role)):
        app.jinja_env.get_template(name)
    for locale in LOCALES:
        localedata.load(locale)
    gc.freeze()  # or each fork would look through all of this for what it can free


def _templates(env, role):
    """Those that the jobs of a role render."""
    if role == "mail":
        return [name for name in env.list_templates(extensions=("html", "txt")) if name.startswith("mail/")]
    return [fragment.template for fragment in FRAGMENTS.values()]


def _with_what_they_use(env, names):
    found, left = set(), set(names)
    while left:
        found |= left
        sources = [env.loader.get_source(env, name)[0] for name in left]
        left = {used for source in sources for used in meta.find_referenced_templates(env.parse(source)) if used} - found
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(prog="python -m lms.jobs.worker")
    parser.add_argument("role", nargs="?", default="worker", choices=QUEUES)
    role = parser.parse_args().role
    Worker.app = create_app(role)
    load(role)
    warm(Worker.app, role)
    if role == "worker":
        import_module("lms.jobs.keys").check_at_start(Worker.app)
        queue.enqueue("contracts.check")
    log.info("ready for jobs")
    connection = lasting(Worker.app.config["REDIS_URL"])
    # It waits for jobs 15 s less than this, then says that it lives: a Redis that was emptied knows it again within 5 s.
    Worker([QUEUES[role]], connection=connection, worker_ttl=20, serializer=Plain).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
