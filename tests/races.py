"""Many at once, each in a session and transaction of its own."""

import threading

from lms.db import db, transaction
from lms.errors import DomainError


def race(app, deeds):
    """Do these at the same time; the refusals, of whom the ledger or a rule said no to. What else goes wrong is raised."""
    start, refusals, errors = threading.Barrier(len(deeds)), [], []

    def run(deed):
        with app.app_context():
            start.wait(10)
            try:
                with transaction():
                    deed()
            except DomainError as refusal:
                refusals.append(refusal)
            except Exception as error:
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return refusals
