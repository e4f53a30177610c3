"""Mail found."""

from datetime import timedelta

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.notices.models import MOST_TRIES, Mail


def waiting(limit=200):
    """Ids of mails that should have gone out by now."""
    rows = select(Mail.id).where(Mail.sent_at.is_(None), Mail.tries < MOST_TRIES, Mail.written_at < clock.now() - timedelta(seconds=20))
    return db.session.scalars(rows.order_by(Mail.id).limit(limit)).all()
