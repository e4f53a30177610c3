"""Versions put in force."""

from datetime import UTC, datetime

from sqlalchemy.dialects.postgresql import insert

from lms.db import db
from lms.domain.rulebook import queries
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules

THE_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def install():
    """Version 1, in force from the beginning. May run twice."""
    row = dict(number=1, announced_at=THE_BEGINNING, in_force_from=THE_BEGINNING, rules=queries.as_row(Rules()))
    db.session.execute(insert(RulebookVersion).values(row).on_conflict_do_nothing())
