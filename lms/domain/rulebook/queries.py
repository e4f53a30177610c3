"""The rules in force."""

from dataclasses import asdict

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules


def in_force(at=None):
    """The Rules that hold at this moment."""
    version = db.session.scalars(
        select(RulebookVersion)
        .where(RulebookVersion.in_force_from <= (at or clock.now()))
        .order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc())
        .limit(1)
    ).one()
    return Rules(**version.rules)


def version(number):
    """The Rules frozen in an order, an enrolment or a transfer."""
    return Rules(**db.session.get_one(RulebookVersion, number).rules)


def as_row(rules):
    """Rules as they are kept in the table."""
    return asdict(rules)
