"""The RQ worker: `python -m lms.jobs.worker`. It alone has the chain's keys; each job runs in a fork, inside the app."""

import rq

from lms import create_app, logs
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


def main():
    Worker.app = create_app("worker")
    Worker([NAME], connection=queue.connection(), worker_ttl=60).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
