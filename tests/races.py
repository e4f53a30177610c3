"""Many at once, each in a session and transaction of its own.

A deed looks up what it needs: a row that another session read loads itself anew after a commit, in the session of whoever asks first.
"""

import threading

from flask import has_app_context

from lms.db import db, transaction
from lms.errors import DomainError


def outcomes(app, deeds):
    """Do these at the same time; what each returned or raised, in the order in which they came to an end."""
    start, found, asked_by_a_test = threading.Barrier(len(deeds)), [], has_app_context()
    if asked_by_a_test:  # what it wrote is seen by all of them, and what they wrote by it
        db.session.commit()

    def run(deed):
        with app.app_context():
            start.wait(10)
            try:
                with transaction():
                    answer = deed()
                found.append(answer)
            except Exception as error:
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
