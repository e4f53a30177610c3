"""The log of what admins and operators decided: rows that are only added, each chained to the one before by its hash, so that none can be changed unseen.

After B. Schneier and J. Kelsey, "Secure audit logs to support computer forensics" (1999): a chain of hashes shows what was changed or taken out of its middle;
that its end was cut off shows only to who kept a Head."""

import json
from datetime import UTC
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import event, func, select

from lms import clock
from lms.db import db, in_turn
from lms.domain.audit.models import LogEntry

GENESIS = "0" * 64
_TURN, _OPEN = "audit log", "audit log is open"
_PART = 1000  # rows read at a time


class Head(NamedTuple):
    """The last row, to be kept elsewhere."""

    number: int
    hash: str


def record(action, subject, by=None, **details):
    """One row more, in the transaction of what was done. `action` is a word of log_word in lms/ui; `subject` names one thing, such as "withdrawal 7"."""
    db.session.add(LogEntry(at=clock.now(), by_id=by and by.id, action=action, subject=subject, details=details))
    db.session.flush()
    db.session.info[_OPEN] = True


def head():
    """The Head as it stands; of an empty log that before its first row."""
    rows = select(LogEntry.number, LogEntry.hash).where(LogEntry.number.is_not(None)).order_by(LogEntry.number.desc()).limit(1)
    found = db.session.execute(rows).one_or_none()
    return Head(*found) if found else Head(0, GENESIS)


def first_altered(kept=None):
    """The number of the first row that is not as it was written, or is gone; None where all stand. `kept`: a Head of before, which must stand, too."""
    last = Head(0, GENESIS)
    if (first := db.session.scalar(select(func.min(LogEntry.number)))) is not None and first < 1:
        return first  # nobody has written it: the first is 1
    while rows := _after(last.number):
        for row in rows:
            expected = last.number + 1
            if row.number != expected or row.hash != _hash(last.hash, row) or _is_another(row, kept):
                return expected
            last = Head(row.number, row.hash)
        db.session.expunge_all()
    return last.number + 1 if kept and kept.number > last.number else None


def _after(number):
    return db.session.scalars(select(LogEntry).where(LogEntry.number > number).order_by(LogEntry.number).limit(_PART)).all()


def _is_another(row, kept):
    return kept is not None and row.number == kept.number and row.hash != kept.hash


@event.listens_for(db.session, "before_commit")
def _chain(session):
    """At the end, so that two who decide wait for each other only while they commit, when they hold all their other locks already."""
    if session.in_nested_transaction() or not session.info.pop(_OPEN, False):
        return
    in_turn(_TURN)
    last = head()
    for entry in session.scalars(select(LogEntry).where(LogEntry.number.is_(None)).order_by(LogEntry.id)):
        entry.number = last.number + 1
        entry.hash = _hash(last.hash, entry)
        last = Head(entry.number, entry.hash)
    session.flush()


def _hash(before, entry):
    """Hex of SHA-256 over the hash before and the row as JSON, its keys in order."""
    facts = dict(number=entry.number, at=entry.at.astimezone(UTC).isoformat(), by=entry.by_id, action=entry.action, subject=entry.subject, details=entry.details)
    return sha256(f"{before}\n{json.dumps(facts, sort_keys=True, ensure_ascii=False)}".encode()).hexdigest()
