"""The log of what admins and operators decided: rows that are only added, each chained to the one before by its hash, so that a change shows.

After B. Schneier and J. Kelsey, "Secure audit logs to support computer forensics" (1999): a chain of hashes shows what was changed or taken out of its middle;
that its end was cut off, or all of it made anew, shows only to who kept a Head. No secret goes into a hash, as who can write here could read it:
who puts a row at the end by hand, with its number and hash, is told from us by nothing."""

import json
from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256
from typing import NamedTuple, Protocol

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from lms import clock
from lms.db import among, db, in_turn
from lms.domain.audit.models import LogEntry

GENESIS = "0" * 64
_TURN, _OPEN = "audit log", "open rows of the audit log"
_PART = 1000  # rows read at a time


class Decider(Protocol):
    """Who has decided: a member, of whom nothing but his id is kept."""

    @property
    def id(self) -> int: ...


class Head(NamedTuple):
    """The last row, to be kept elsewhere."""

    number: int
    hash: str


def record(action: str, subject: str, by: Decider | None = None, **details: object) -> None:
    """One row more, in the transaction of what was done. `action` is a word of log_word in lms/ui; `subject` names one thing, such as "withdrawal 7"."""
    entry = LogEntry(at=clock.now(), by_id=by and by.id, action=action, subject=subject, details=details)
    db.session.add(entry)
    db.session.flush()
    db.session.info.setdefault(_OPEN, []).append(entry.id)


def head() -> Head:
    """The Head as it stands; of an empty log that before its first row."""
    rows = select(LogEntry.number, LogEntry.hash).where(LogEntry.number.is_not(None)).order_by(LogEntry.number.desc()).limit(1)
    found = db.session.execute(rows).one_or_none()
    return Head(found.number or 0, found.hash or "") if found else Head(0, GENESIS)  # a row put in by hand may have no hash


def first_altered(kept: Head | None = None) -> int | None:
    """The number of the first row that is not as it was written, or is gone; None where all stand. `kept`: a Head of before, which must stand, too."""
    last = Head(0, GENESIS)
    first: int | None = db.session.scalar(select(func.min(LogEntry.number)))
    if first is not None and first < 1:
        return first  # nobody has written it: the first is 1
    while rows := _after(last.number):
        for row in rows:
            expected = last.number + 1
            if row.number != expected or row.hash != _hash(last.hash, row) or _is_another(row, kept):
                return expected
            last = Head(row.number, row.hash)
        db.session.expunge_all()
    return last.number + 1 if kept and kept.number > last.number else None


def strays() -> int:
    """How many rows are committed without a number: nothing of ours leaves one behind, somebody has put it in by hand."""
    return db.session.scalars(select(func.count()).where(LogEntry.number.is_(None))).one()


def _after(number: int) -> Sequence[LogEntry]:
    return db.session.scalars(select(LogEntry).where(LogEntry.number > number).order_by(LogEntry.number).limit(_PART)).all()


def _is_another(row: LogEntry, kept: Head | None) -> bool:
    return kept is not None and row.number == kept.number and row.hash != kept.hash


@event.listens_for(db.session, "before_commit")
def _chain(session: Session) -> None:
    """At the end, so that two who decide wait for each other only while they commit, when they hold all their other locks already.

    Only what this transaction has recorded is taken into the chain: a row that somebody has put in by hand is no decision for having no number yet."""
    own = () if session.in_nested_transaction() else session.info.pop(_OPEN, ())
    if not own:
        return
    in_turn(_TURN)
    last = head()
    for entry in session.scalars(select(LogEntry).where(among(LogEntry.id, own), LogEntry.number.is_(None)).order_by(LogEntry.id)):
        entry.number = last.number + 1
        entry.hash = _hash(last.hash, entry)
        last = Head(entry.number, entry.hash)
    session.flush()


@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """What was recorded is not there any more. Of what ends with a savepoint alone, the rows are missing when they are looked for."""
    if not ended.nested:
        session.info.pop(_OPEN, None)


def _hash(before: str, entry: LogEntry) -> str:
    """Hex of SHA-256 over the hash before and the row as JSON, its keys in order."""
    facts = dict(number=entry.number, at=entry.at.astimezone(UTC).isoformat(), by=entry.by_id, action=entry.action, subject=entry.subject, details=entry.details)
    return sha256(f"{before}\n{json.dumps(facts, sort_keys=True, ensure_ascii=False)}".encode()).hexdigest()
