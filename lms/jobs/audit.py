"""Once a day: whether the log of decisions stands as it was written."""

import logging

from redis.exceptions import RedisError

from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.audit import log
from lms.queue import queue

logger = logging.getLogger(__name__)

KIND, SUBJECT = "log altered", "audit log"
_KEPT = "audit log:head"


def check():
    """Open an incident when a row is not as it was written, is gone, or bears no number.

    The end is kept in Redis and said in the worker's log until the next time: who changes the database alone does not change it there, and neither cuts
    rows off the end nor writes the whole chain anew unseen. Told once: from then on what there is by now is kept. Who dies before has kept nothing, and
    the next one reads it all again: a million rows take a minute or two, and a job of the clock has three."""
    last = log.head()
    altered, strays = log.first_altered(_kept()), log.strays()
    if altered is not None or strays:
        with transaction():
            audit.add_to_incident(KIND, SUBJECT, **({} if altered is None else {"row": altered}), **({"without number": strays} if strays else {}))
    logger.info("audit log read", extra={"rows": last.number, "hash": last.hash})
    _keep(last)


def _kept():
    """The Head of the day before; None where there was none, or Redis has forgotten it or is down."""
    try:
        found = queue.redis.get(_KEPT)
    except RedisError:
        return None
    number, _, digest = (found or b"").decode().partition(":")
    return log.Head(int(number), digest) if number.isdecimal() else None


def _keep(last):
    try:
        queue.redis.set(_KEPT, f"{last.number}:{last.hash}")
    except RedisError as error:
        logger.warning("end of the audit log not kept", extra={"error": type(error).__name__})
