"""Mail found."""

from sqlalchemy import func, select, text

from lms import clock
from lms.db import db
from lms.domain.notices.models import MOST_TRIES, Mail

# Each try waits four times as long as the one before: 20 s, 80 s, 5 min … 4 days.
_PATIENCE = text("interval '20 seconds' * power(4, mails.tries)")


def unsent():
    """How many mails wait to go out; those given up on are not among them."""
    return db.session.scalar(select(func.count()).where(Mail.sent_at.is_(None), Mail.tries < MOST_TRIES))


def waiting(limit=200):
    """Ids of mails that should have gone out by now."""
    rows = select(Mail.id).where(Mail.sent_at.is_(None), Mail.tries < MOST_TRIES, Mail.written_at + _PATIENCE < clock.now())
    return db.session.scalars(rows.order_by(Mail.id).limit(limit)).all()
