"""Drafts of the rulebook tried on what members did. Each admin who looks at one sees how far it is."""

import logging
import time

from lms import live
from lms.db import alone, db, transaction
from lms.domain.accounts import queries as accounts
from lms.domain.governance import backtests
from lms.jobs.time_limit import TimeIsUp
from lms.queue import enqueue

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two signs of life


class GivenUp(Exception):
    """The draft was changed meanwhile, or another worker has begun it again."""


def run(backtest_id):
    """Run it from its first day on, unless it is done or somebody is at it."""
    with alone(f"backtest {backtest_id}") as is_alone:
        if is_alone:
            _run(backtest_id)


def sweep():
    """Begin again those whose worker was killed, or whose job was lost."""
    for backtest_id in backtests.lost():
        enqueue("backtests.run", backtest_id)


def _run(backtest_id):
    with transaction():
        backtest = backtests.begin(backtest_id)
        draft_id, tries = (backtest.draft_id, backtest.tries) if backtest else (None, 0)
    if backtest is None:
        return
    try:
        result = backtests.run(backtest, _Signs(backtest_id, tries, draft_id))
        _write(draft_id, backtests.finish, backtest_id, tries, result)
    except GivenUp:
        log.info("backtest given up", extra={"backtest": backtest_id})
    except TimeIsUp:
        _fail(draft_id, backtest_id, tries, "timeout")
    except Exception:
        log.exception("backtest failed", extra={"backtest": backtest_id})
        _fail(draft_id, backtest_id, tries, "fault")


class _Signs:
    """Hears of each day; says so now and then."""

    def __init__(self, backtest_id, tries, draft_id):
        self._id, self._tries, self._draft_id, self._said = backtest_id, tries, draft_id, 0.0

    def __call__(self, day):
        if time.monotonic() - self._said < PAUSE:
            return
        if not _write(self._draft_id, backtests.note, self._id, self._tries, day):
            raise GivenUp
        self._said = time.monotonic()


def _fail(draft_id, backtest_id, tries, why):
    db.session.rollback()
    _write(draft_id, backtests.fail, backtest_id, tries, why)


def _write(draft_id, verb, *values):
    with transaction():
        done = verb(*values)
        admins = accounts.admins()
    for admin_id in live.listening(admins):
        live.push(admin_id, f"backtest:{draft_id}")
    return done
