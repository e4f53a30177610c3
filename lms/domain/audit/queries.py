"""What stands still and what needs a look."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from lms.db import Page, among, db, page_of
from lms.domain.audit.models import Incident, Switch


def is_stopped(part: str) -> bool:
    return db.session.scalar(select(Switch.name).where(Switch.name == part)) is not None


def switch(part: str) -> Switch | None:
    """The Switch of a part that stands still, or None."""
    return db.session.get(Switch, part)


def stopped_at(part: str) -> datetime | None:
    """Since when a part stands still, or None."""
    return db.session.scalar(select(Switch.at).where(Switch.name == part))


def stopped() -> Sequence[Switch]:
    """The Switches of all that stands still, oldest first."""
    return db.session.scalars(select(Switch).order_by(Switch.at)).all()


def is_open(kind: str, subject: object) -> bool:
    rows = select(Incident.id).where(Incident.kind == kind, Incident.subject == str(subject), Incident.closed_at.is_(None))
    return db.session.scalar(rows) is not None


def open_one(kind: str, subject: object) -> Incident | None:
    """The open Incident of this kind and subject, or None."""
    return db.session.scalar(select(Incident).where(Incident.kind == kind, Incident.subject == str(subject), Incident.closed_at.is_(None)))


def is_known(kind: str, subject: object) -> bool:
    """Whether the incident was ever opened; somebody may have closed it since."""
    rows = select(Incident.id).where(Incident.kind == kind, Incident.subject == str(subject)).limit(1)
    return db.session.scalar(rows) is not None


def details(kind: str, subjects: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """{subject: what each incident said that was ever opened of it}; somebody may have closed it since. One statement."""
    rows = select(Incident.subject, Incident.details).where(Incident.kind == kind, among(Incident.subject, subjects))
    found: dict[str, list[dict[str, Any]]] = {subject: [] for subject in subjects}
    for subject, said in db.session.execute(rows):
        found[subject].append(said)
    return found


def open_by_kind() -> dict[str, int]:
    """How many open incidents there are of each kind."""
    return dict(db.session.execute(select(Incident.kind, func.count()).where(Incident.closed_at.is_(None)).group_by(Incident.kind).order_by(Incident.kind)).all())


def open_incidents(number: int = 1) -> Page[Incident]:
    """One page of the incidents nobody has closed, newest first."""
    return page_of(select(Incident).where(Incident.closed_at.is_(None)).order_by(Incident.id.desc()), number)


def closed_incidents(limit: int = 20) -> Sequence[Incident]:
    """Those closed last, with their notes."""
    rows = select(Incident).where(Incident.closed_at.is_not(None)).order_by(Incident.closed_at.desc(), Incident.id.desc()).limit(limit)
    return db.session.scalars(rows).all()


def open_count() -> int:
    return db.session.scalars(select(func.count()).where(Incident.closed_at.is_(None))).one()


def incident(incident_id: int) -> Incident | None:
    return db.session.get(Incident, incident_id)
