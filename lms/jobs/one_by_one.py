"""Many things of one kind, each in a transaction of its own: one that cannot be done keeps no other waiting."""

import logging

from rq.timeouts import JobTimeoutException

from lms.db import transaction

log = logging.getLogger(__name__)


def each(verb, numbers):
    """(number, what the verb answered) of each that is done. What goes wrong is logged, and comes again with the job's next run."""
    for number in numbers:
        try:
            with transaction():
                answer = verb(number)
        except JobTimeoutException:
            raise
        except Exception:
            log.exception("left as it is", extra={"verb": verb.__name__, "number": number})
        else:
            yield number, answer
