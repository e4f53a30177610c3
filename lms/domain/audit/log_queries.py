"""The audit log, read: by what was done, to what, by whom and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from lms.db import Page, db, page_of
from lms.domain.audit.models import LogEntry

NOBODY = -1


@dataclass(frozen=True)
class Wanted:
    """Which rows; what is empty or None leaves none out. `by_id` NOBODY asks for those of the platform and its operators. `end` is the first moment that is not in it any more."""

    action: str = ""
    subject: str = ""
    by_id: int | None = None
    begin: datetime | None = None
    end: datetime | None = None


def page(wanted: Wanted, number: int = 1) -> Page[LogEntry]:
    """One page of them, newest first."""
    return page_of(_rows(wanted), number)


def rows(wanted: Wanted, limit: int) -> Sequence[LogEntry]:
    """As many of them, newest first."""
    return db.session.scalars(_rows(wanted).limit(limit)).all()


def newest(action: str, subject: str) -> LogEntry | None:
    """The last row of this action about this subject, or None."""
    return db.session.scalar(_rows(Wanted(action, subject)).limit(1))


def author_ids() -> Sequence[int]:
    """Ids of all who are named in it, each found from the one before: they are few, and the rows are not."""
    found = select(func.min(LogEntry.by_id).label("id")).cte("found", recursive=True)
    following = select(func.min(LogEntry.by_id)).where(LogEntry.by_id > found.c.id).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    return db.session.scalars(select(found.c.id).where(found.c.id.is_not(None)).order_by(found.c.id)).all()


def _rows(wanted: Wanted) -> Select[LogEntry]:
    found = select(LogEntry).where(LogEntry.number.is_not(None)).order_by(LogEntry.number.desc())
    equal = {LogEntry.action: wanted.action, LogEntry.subject: wanted.subject, LogEntry.by_id: wanted.by_id if wanted.by_id != NOBODY else None}
    found = found.where(*[column == value for column, value in equal.items() if value])
    found = found.where(LogEntry.by_id.is_(None)) if wanted.by_id == NOBODY else found
    found = found.where(LogEntry.at >= wanted.begin) if wanted.begin else found
    return found.where(LogEntry.at < wanted.end) if wanted.end else found
