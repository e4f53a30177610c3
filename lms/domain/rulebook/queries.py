"""The rules in force."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, select

from lms import clock
from lms.db import db
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules


class Edition(NamedTuple):
    """A version between the one before it and the one after it, where there are such."""

    version: RulebookVersion
    before: RulebookVersion | None
    after: RulebookVersion | None


def in_force(at: datetime | None = None) -> Rules:
    """The Rules that hold at this moment."""
    return Rules(**db.session.scalars(version_in_force(at)).one().rules)


def version_in_force(at: datetime | None = None) -> Select[RulebookVersion]:
    """The select of that version, for who asks for more in the same statement."""
    rows = select(RulebookVersion).where(RulebookVersion.in_force_from <= (at or clock.now()))
    return rows.order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc()).limit(1)


def number_in_force() -> ScalarSelect[int]:
    """The number of that version, as an expression for an INSERT that asks nothing else."""
    rows = select(RulebookVersion.number).where(RulebookVersion.in_force_from <= clock.now())
    return rows.order_by(RulebookVersion.in_force_from.desc(), RulebookVersion.number.desc()).limit(1).scalar_subquery()


def in_force_at(moments: Iterable[datetime]) -> dict[datetime, Rules]:
    """{moment: the Rules that held at it}; one statement for any number of them."""
    versions = db.session.scalars(select(RulebookVersion).order_by(RulebookVersion.in_force_from, RulebookVersion.number)).all()
    return {moment: [each for each in versions if each.in_force_from <= moment][-1].numbers for moment in moments}


def version(number: int) -> Rules:
    """The Rules frozen in an order, an enrolment or a transfer."""
    return Rules(**db.session.get_one(RulebookVersion, number).rules)


def versions(numbers: Collection[int]) -> dict[int, Rules]:
    """{number: the Rules} of these versions; one statement."""
    rows = db.session.scalars(select(RulebookVersion).where(RulebookVersion.number.in_(numbers)))
    return {each.number: each.numbers for each in rows}


def newest() -> RulebookVersion:
    """The version with the highest number, in force or announced."""
    return db.session.scalars(select(RulebookVersion).order_by(RulebookVersion.number.desc()).limit(1)).one()


def edition(number: int | None = None) -> Edition | None:
    """The Edition of this version, or of the one in force; None when there is no such. One statement."""
    middle = number_in_force() if number is None else number
    rows = db.session.scalars(select(RulebookVersion).where(RulebookVersion.number.between(middle - 1, middle + 1)))
    found = {version.number: version for version in rows}
    if number is None:
        number = max(version.number for version in found.values() if not version.is_announced)
    return Edition(found[number], found.get(number - 1), found.get(number + 1)) if number in found else None


def as_row(rules: Rules) -> dict[str, Any]:
    """Rules as they are kept in the table."""
    return asdict(rules)
