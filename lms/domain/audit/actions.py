"""Open and close incidents, stop and start parts."""

from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import log
from lms.domain.audit.log import Decider
from lms.domain.audit.models import Incident, Switch
from lms.errors import Invalid

LONGEST_NOTE = 200


def open_incident(kind: str, subject: object, **details: object) -> None:
    """Tell the admins, once while it is open."""
    row = dict(kind=kind, subject=str(subject), details=details, opened_at=clock.now(), note="")
    unique: dict[str, Any] = dict(index_elements=["kind", "subject"], index_where=text("closed_at IS NULL"))
    db.session.execute(insert(Incident).values(row).on_conflict_do_nothing(**unique))


def add_to_incident(kind: str, subject: object, **details: object) -> None:
    """Tell the admins, as `open_incident` does; one that is open says this from now on, too."""
    row = dict(kind=kind, subject=str(subject), details=details, opened_at=clock.now(), note="")
    told = insert(Incident).values(row)
    more = {"details": Incident.details + told.excluded.details}
    unique: dict[str, Any] = dict(index_elements=["kind", "subject"], index_where=text("closed_at IS NULL"))
    db.session.execute(told.on_conflict_do_update(**unique, set_=more))


def close_incident(incident: Incident, by: Decider, note: str) -> None:
    """Somebody has looked; the first who closes it stays named, with the line that says what was done. Raises Invalid without one."""
    note = " ".join(note.replace("\x00", "").split())
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise Invalid("Say in one line of up to %(count)d characters what was done.", count=LONGEST_NOTE)
    db.session.refresh(incident, with_for_update=True)
    if incident.closed_at is None:
        incident.closed_at, incident.closed_by_id, incident.note = clock.now(), by.id, note
        log.record("incident closed", f"incident {incident.id}", by, kind=incident.kind, about=incident.subject, note=note)
        db.session.flush()


def stop(part: str, reason: str, by: Decider | None = None) -> None:
    """Let a part (such as settlement) stand still."""
    row = dict(name=part, reason=reason, at=clock.now())
    if db.session.scalar(insert(Switch).values(row).on_conflict_do_nothing().returning(Switch.name)):
        log.record("part stopped", f"part {part}", by, reason=reason)


def start(part: str, by: Decider | None = None) -> None:
    """Let it go on."""
    if db.session.scalar(delete(Switch).where(Switch.name == part).returning(Switch.name)):
        log.record("part started", f"part {part}", by)
