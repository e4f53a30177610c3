"""A fortnight of an admin's numbers, so that his home shows how they went from the first day."""

from datetime import UTC, timedelta

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.desk import home_figures, home_trends
from lms.domain.desk.snapshot_models import Snapshot

# Of the days before today, yesterday last. A platform for trying out begins with nothing that waits: each ends near that.
BEFORE = {
    "applications": (1, 2, 2, 3, 4, 4, 2, 3, 3, 5, 2, 1, 1),
    "courses": (0, 1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 1, 0),
    "disputes": (0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 1, 0, 0),
    "cases new": (2, 3, 1, 4, 3, 6, 5, 2, 3, 4, 2, 3, 1),
    "cases waiting": (1, 1, 2, 1, 2, 2, 4, 3, 1, 1, 2, 1, 0),
    "cases late": (0, 0, 0, 1, 0, 0, 1, 2, 1, 0, 0, 1, 0),
    "payouts": (0, 1, 0, 0, 1, 2, 1, 0, 0, 1, 2, 1, 0),
    "payouts to pay": (0, 0, 1, 0, 0, 1, 2, 0, 0, 0, 1, 2, 0),
    "drafts": (0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0),
    "incidents": (1, 1, 0, 0, 2, 1, 1, 0, 0, 1, 1, 0, 0),
    "failed jobs": (0, 0, 3, 1, 0, 0, 0, 7, 2, 0, 0, 1, 0),
    "failed mails": (0, 1, 1, 0, 0, 2, 4, 4, 0, 0, 0, 1, 0),
    "lag": (1, 0, 2, 1, 0, 1, 3, 9, 1, 0, 1, 2, 1),
}


def load(signers):
    """In the caller's transaction; none where a day stands already. `signers`: those of the chain, whose gas lasts as long as it can there."""
    if db.session.scalar(select(Snapshot.day).limit(1)) is not None:
        return
    today = clock.now().astimezone(UTC).date()
    lasting = {home_figures.runway_of(signer): (home_figures.LONGEST,) * (home_trends.DAYS - 1) for signer in signers}
    history = BEFORE | lasting
    for place in range(home_trends.DAYS - 1):
        home_trends.keep(today - timedelta(days=home_trends.DAYS - 1 - place), {name: values[place] for name, values in history.items()})
