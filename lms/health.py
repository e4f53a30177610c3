"""How the parts the platform stands on are doing. Never a node: of the chain it says what a worker last saw.

Each part is looked at in a thread of its own and given up on after PATIENCE: a part that hangs holds one
thread, however often somebody asks, and never the asker.
"""

import logging
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import timedelta

from flask import current_app
from sqlalchemy import text

from lms import clock
from lms.db import db
from lms.domain.audit import queries as audit
from lms.domain.onchain import queries as onchain
from lms.queue import MAIL, NAME, queue

log = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds
SILENT_WORKER = timedelta(seconds=90)
MANY_JOBS = 1000


@dataclass(frozen=True)
class Part:
    """`sentence` has %(name)s places, filled from `values`; it says what waits when the part is not ok."""

    name: str
    is_ok: bool
    sentence: str
    values: dict = field(default_factory=dict)

    def __str__(self):
        return self.sentence % self.values


def look():
    """The Parts, in order, within PATIENCE seconds."""
    app = current_app._get_current_object()
    answers = {name: probe.ask(app) for name, probe in _PROBES.items()}
    wait(answers.values(), timeout=PATIENCE)
    return [answer.result() if answer.done() else _HANGS[name] for name, answer in answers.items()]


def _database():
    db.session.execute(text("SELECT 1"))
    return Part("database", True, "The database answers.")


def _redis():
    queue.redis.ping()
    return Part("redis", True, "Redis answers.")


def _queue():
    jobs = queue.waiting()
    facts = {"jobs": jobs}
    if _is_silent(NAME):
        return Part("queue", False, "No worker is alive. Jobs waiting: %(jobs)d. What goes to the chain is late, nothing is lost.", facts)
    if _is_silent(MAIL):
        return Part("queue", False, "No worker for mail is alive. Jobs waiting: %(jobs)d. Mail is late, nothing is lost.", facts)
    if jobs > MANY_JOBS:
        return Part("queue", False, "Jobs waiting: %(jobs)d, more than the workers keep up with.", facts)
    return Part("queue", True, "A worker is alive. Jobs waiting: %(jobs)d.", facts)


def _is_silent(name):
    seen = queue.worker_seen(name)
    return seen is None or clock.now() - clock.ahead() - seen > SILENT_WORKER


def _chain():
    state = onchain.chain_state()
    if state is None:
        return Part("chain", False, "No worker has seen the chain yet. TEO waits here until one does.")
    age = max(clock.now() - state.seen_at, timedelta())
    facts = {"head": state.head, "seconds": int(age.total_seconds())}
    if onchain.is_silent(state.seen_at):
        return Part("chain", False, "The chain was last seen %(seconds)d s ago, at block %(head)d. TEO is credited here and follows there later.", facts)
    if audit.is_stopped("settlement"):
        return Part("chain", False, "Block %(head)d, seen %(seconds)d s ago, but settlement stands still until an admin has looked. TEO is credited here meanwhile.", facts)
    return Part("chain", True, "Block %(head)d, seen %(seconds)d s ago.", facts)


_HANGS = {
    part.name: part
    for part in (
        Part("database", False, "The database does not answer."),
        Part("redis", False, "Redis does not answer. Jobs and pushes wait; pages work."),
        Part("queue", False, "The queue does not answer. Mail and what goes to the chain is late, nothing is lost."),
        Part("chain", False, "What the workers saw of the chain cannot be read now."),
    )
}


class _Probe:
    """One look at a time: who asks while a look goes on shares it."""

    def __init__(self, name, look_at):
        self._name, self._look_at = name, look_at
        self._lock, self._answer = threading.Lock(), None

    def ask(self, app):
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                threading.Thread(target=self._run, args=(app, self._answer), daemon=True).start()
            return self._answer

    def _run(self, app, answer):
        answer.set_result(self._part(app))

    def _part(self, app):
        begun = time.monotonic()
        try:
            with app.app_context():
                return self._look_at()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, the answer is that it is down
            log.warning("part is down", extra={"part": self._name, "error": type(error).__name__, "seconds": round(time.monotonic() - begun, 3)})
            return _HANGS[self._name]


_PROBES = {name: _Probe(name, look_at) for name, look_at in (("database", _database), ("redis", _redis), ("queue", _queue), ("chain", _chain))}
