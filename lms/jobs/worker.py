"""The RQ worker: `python -m lms.jobs.worker`. It alone has the chain's keys; each job runs in a fork, inside the app."""

import rq
from babel import localedata
from sqlalchemy.orm import configure_mappers

from lms import create_app, logs
from lms.domain.accounts.models import LOCALES
from lms.jobs import chain, checkout, mail, rewards, settlement, wallets
from lms.queue import NAME, queue

# Imported before the first fork: web3 takes a second to import.
JOBS = (chain, checkout, mail, rewards, settlement, wallets)


class Worker(rq.Worker):
    """Gives every job the app's context and the id of the request that caused it."""

    app = None

    def perform_job(self, job, *rest):
        with self.app.app_context():
            logs.request_id.set(job.meta.get("request_id") or logs.new_request_id())
            return super().perform_job(job, *rest)


def warm(app):
    """Do before the first fork what each job would do anew: tables mapped, templates compiled, words for dates loaded."""
    configure_mappers()
    for name in app.jinja_env.list_templates(extensions=("html", "txt")):
        app.jinja_env.get_template(name)
    for locale in LOCALES:
        localedata.load(locale)


def main():
    Worker.app = create_app("worker")
    warm(Worker.app)
    Worker([NAME], connection=queue.connection(), worker_ttl=60).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
