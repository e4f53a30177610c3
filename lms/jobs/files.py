"""What a process that died between the store and the database has left: bytes that no row names."""

import logging
from datetime import timedelta

from flask import current_app

from lms import clock
from lms.domain.files import queries
from lms.gateways import file_store

log = logging.getLogger(__name__)

YOUNGEST = timedelta(days=1)  # what is younger may be of a form that is being taken


def sweep():
    """Empty each such place."""
    store = file_store(current_app.config)
    machines_time = clock.now() - clock.ahead()  # by which the store knows how old a file is
    left = queries.unknown(store.places(before=machines_time - YOUNGEST))
    for place in left:
        store.remove(place)
    if left:
        log.info("uploads of nobody removed", extra={"count": len(left)})
