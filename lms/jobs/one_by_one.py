"""Many things of one kind, each in a transaction of its own: one that cannot be done keeps no other waiting."""

import logging

from lms.db import transaction

log = logging.getLogger(__name__)


def each(verb, numbers):
    """(number, what the verb answered) of each that is done. What goes wrong is logged, and comes again with the job's next run;
    the end of the job's time is no Exception and ends this, too (time_limit)."""
    for number in numbers:
        try:
            with transaction():
                answer = verb(number)
        except Exception:
            log.exception("left as it is", extra={"verb": verb.__name__, "number": number})
        else:
            yield number, answer
