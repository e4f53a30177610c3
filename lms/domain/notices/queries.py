"""Notices and mail found."""

from collections.abc import Collection, Sequence

from sqlalchemy import Row, func, select, text

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.notices import kinds
from lms.domain.notices.models import MOST_TRIES, Mail, Notice, Preference

# Each try waits four times as long as the one before: 20 s, 80 s, 5 min … 4 days.
_PATIENCE = text("interval '20 seconds' * power(4, mails.tries)")
_WAITS = (Mail.sent_at.is_(None), Mail.dropped_at.is_(None), Mail.tries < MOST_TRIES)


def inbox(user_id: int, number: int = 1) -> Page[Notice]:
    """A page of what the member was told, newest first."""
    return page_of(select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()), number)


def notice(user_id: int, notice_id: int) -> Notice | None:
    """One of the member's notices, or None when it is not his."""
    return db.session.scalar(select(Notice).where(Notice.id == notice_id, Notice.user_id == user_id))


def undelivered(limit: int = 500) -> Sequence[Row[int, int]]:
    """(id, member's id) of the oldest notices that nobody was brought yet."""
    rows = select(Notice.id, Notice.user_id).where(Notice.delivered_at.is_(None)).order_by(Notice.id).limit(limit)
    return db.session.execute(rows).all()


def mailed(user_ids: Collection[int], names: Collection[str] = kinds.KINDS) -> set[tuple[int, str]]:
    """{(member's id, kind)}: what of these kinds each of those members has mail of; one statement."""
    asked = select(Preference.user_id, Preference.kind, Preference.is_mailed).where(Preference.user_id.in_(user_ids), Preference.kind.in_(names))
    chosen = {(user_id, name): is_mailed for user_id, name, is_mailed in db.session.execute(asked)}
    every = ((user_id, name, kinds.of(name)) for user_id in user_ids for name in names)
    return {(user_id, name) for user_id, name, kind in every if kind.is_fixed or chosen.get((user_id, name), kind.is_mailed)}


def unsent() -> int:
    """How many mails wait to go out; those given up on are not among them."""
    return db.session.scalars(select(func.count()).where(*_WAITS)).one()


def waiting(limit: int = 200) -> Sequence[int]:
    """Ids of mails that should have gone out by now."""
    rows = select(Mail.id).where(*_WAITS, Mail.written_at + _PATIENCE < clock.now())
    return db.session.scalars(rows.order_by(Mail.id).limit(limit)).all()
