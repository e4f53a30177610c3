"""What stands still and what needs a look."""

from sqlalchemy import func, select

from lms.db import among, db, page_of
from lms.domain.audit.models import Incident, Switch


def is_stopped(part):
    return db.session.scalar(select(Switch.name).where(Switch.name == part)) is not None


def switch(part):
    """The Switch of a part that stands still, or None."""
    return db.session.get(Switch, part)


def stopped_at(part):
    """Since when a part stands still, or None."""
    return db.session.scalar(select(Switch.at).where(Switch.name == part))


def stopped():
    """The Switches of all that stands still, oldest first."""
    return db.session.scalars(select(Switch).order_by(Switch.at)).all()


def is_open(kind, subject):
    rows = select(Incident.id).where(Incident.kind == kind, Incident.subject == str(subject), Incident.closed_at.is_(None))
    return db.session.scalar(rows) is not None


def open_one(kind, subject):
    """The open Incident of this kind and subject, or None."""
    return db.session.scalar(select(Incident).where(Incident.kind == kind, Incident.subject == str(subject), Incident.closed_at.is_(None)))


def is_known(kind, subject):
    """Whether the incident was ever opened; somebody may have closed it since."""
    rows = select(Incident.id).where(Incident.kind == kind, Incident.subject == str(subject)).limit(1)
    return db.session.scalar(rows) is not None


def details(kind, subjects):
    """{subject: what each incident said that was ever opened of it}; somebody may have closed it since. One statement."""
    rows = select(Incident.subject, Incident.details).where(Incident.kind == kind, among(Incident.subject, subjects))
    found = {subject: [] for subject in subjects}
    for subject, said in db.session.execute(rows):
        found[subject].append(said)
    return found


def open_by_kind():
    """How many open incidents there are of each kind."""
    return dict(db.session.execute(select(Incident.kind, func.count()).where(Incident.closed_at.is_(None)).group_by(Incident.kind).order_by(Incident.kind)).all())


def open_incidents(number=1):
    """One page of the incidents nobody has closed, newest first."""
    return page_of(select(Incident).where(Incident.closed_at.is_(None)).order_by(Incident.id.desc()), number)


def closed_incidents(limit=20):
    """Those closed last, with their notes."""
    rows = select(Incident).where(Incident.closed_at.is_not(None)).order_by(Incident.closed_at.desc(), Incident.id.desc()).limit(limit)
    return db.session.scalars(rows).all()


def open_count():
    return db.session.scalar(select(func.count()).where(Incident.closed_at.is_(None)))


def incident(incident_id):
    return db.session.get(Incident, incident_id)
