"""A parent that has imported everything and forks for each job: importing web3 alone costs a second.

It reads one JSON line, {"jobs": […], "mutant": name, "config": {…}, "left": {countdown: steps}}; the jobs run at the same time,
each in a process of its own. It answers {"fates": ["done" | "failed" | "killed" | "hung"], "left": {…}}.
A job that is `inside` runs in the parent: so it learns once what else each child would compile anew.
"""

import gc
import json
import os
import signal
import sys
import traceback
from functools import partial

from rq.utils import import_attribute

from lms import create_app, live, queue
from lms.chain import rpc_endpoint
from lms.chain.rpc import Pool
from lms.db import disconnect
from lms.domain.accounts import actions as accounts
from lms.jobs import chain, lanes, node, worker
from tests.faults import mutants, traps

SCALE = 50  # waits are this much shorter than in earnest
PATIENCE = 240  # seconds, as the machine may be busy with much else; what takes longer hangs


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a job prints is for the log
    app = create_app("cli")
    worker.warm(app, "worker")
    _hurry()
    countdowns = {name: traps.Countdown() for name in traps.NAMES}
    for line in sys.stdin:
        order = json.loads(line)
        for name, countdown in countdowns.items():
            countdown.set(order["left"].get(name, 0))
        pids = [_inside(app, job) if job.get("inside") else _fork(app, job, order, countdowns) for job in order["jobs"]]
        fates = [_fate(pid) if pid else "done" for pid in pids]
        print(json.dumps({"fates": fates, "left": {name: countdown.left for name, countdown in countdowns.items()}}), file=answers, flush=True)


def _hurry():
    """Waits at 1/50, passwords that cost nothing, and nobody who looks at a page: rendering it took most of a job's time."""
    live.push = lambda *_: None
    chain.PATIENCE, chain.STEP = chain.PATIENCE / SCALE, chain.STEP / SCALE
    rpc_endpoint.REST_SECONDS /= SCALE
    lanes.SIGHT /= SCALE
    queue.MARK_SECONDS /= SCALE
    # 1/50 of 5 s would be too little for a node on a busy machine.
    node.Pool = partial(Pool, timeout=0.4)
    accounts._hasher = accounts.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def _inside(app, job):
    with app.app_context():
        import_attribute(job["do"])(*job["args"])
        disconnect()
    gc.freeze()  # a collection in each child would copy what all of them share


def _fork(app, job, order, countdowns):
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(PATIENCE)
        gc.disable()  # it ends before there is much to collect
        mutants.apply(order["mutant"])
        app.config.update(order["config"])
        if job.get("trapped", True):
            traps.install(countdowns, app.config["DATABASE_URL"].replace("+psycopg", ""))
        with app.app_context():
            import_attribute(job["do"])(*job["args"])
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends right after
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _fate(pid):
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "hung" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
    return "failed" if os.WEXITSTATUS(status) else "done"


if __name__ == "__main__":
    main()
