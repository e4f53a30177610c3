"""Many at once, each in a session and transaction of its own.

A deed looks up what it needs: a row that another session read loads itself anew after a commit, in the session of whoever asks first.
"""

import threading
import time

from flask import has_app_context
from sqlalchemy import text

from lms.db import db, transaction
from lms.errors import DomainError

PATIENCE = 60  # seconds; what takes longer will not come


def outcomes(app, deeds):
    """Do these at the same time; what each returned or raised, in the order in which they came to an end."""
    start, found, asked_by_a_test = threading.Barrier(len(deeds)), [], has_app_context()
    if asked_by_a_test:  # what it wrote is seen by all of them, and what they wrote by it
        db.session.commit()

    def run(deed):
        with app.app_context():
            start.wait(PATIENCE)
            try:
                with transaction():
                    answer = deed()
                found.append(answer)
            except Exception as error:  # noqa: BLE001 - the test looks at what it was
                found.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if asked_by_a_test:
        db.session.expire_all()
    return found


def race(app, deeds):
    """Do these at the same time; the refusals, of whom the ledger or a rule said no to. What else goes wrong is raised."""
    errors = [outcome for outcome in outcomes(app, deeds) if isinstance(outcome, Exception)]
    for error in errors:
        if not isinstance(error, DomainError):
            raise error
    return errors


def until_somebody_waits(unless=lambda: False):
    """Return as soon as a transaction waits for a lock, which whoever calls this may hold, or need not wait any more."""
    until = time.monotonic() + PATIENCE
    with db.engine.connect() as watching:
        while not watching.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")) and not unless():
            assert time.monotonic() < until, "nobody waits"
            time.sleep(0.01)


def until_it_waits(thread):
    """Return as soon as this thread waits for a lock, or has come to its end without."""
    until_somebody_waits(unless=lambda: not thread.is_alive())
