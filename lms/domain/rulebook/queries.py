"""The rules in force."""

from dataclasses import asdict

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules


def in_force(at=None):
    """The Rules that hold at this moment."""
    return Rules(**db.session.scalars(version_in_force(at)).one().rules)


def version_in_force(at=None):
    """The select of that version, for who asks for more in the same statement."""
    rows = select(RulebookVersion).where(RulebookVersion.in_force_from <= (at or clock.now()))
    return rows.order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc()).limit(1)


def number_in_force():
    """The number of that version, as an expression for an INSERT that asks nothing else."""
    rows = select(RulebookVersion.number).where(RulebookVersion.in_force_from <= clock.now())
    return rows.order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc()).limit(1).scalar_subquery()


def version(number):
    """The Rules frozen in an order, an enrolment or a transfer."""
    return Rules(**db.session.get_one(RulebookVersion, number).rules)


def as_row(rules):
    """Rules as they are kept in the table."""
    return asdict(rules)
