"""Versions announced and put in force."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.notices import actions as notices
from lms.domain.rulebook import changes, checks, queries
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules
from lms.errors import Invalid

THE_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
NOTICE = timedelta(days=14)  # a stake comes back within 7 days' lock and 7 of unbonding: who staked under the old rules can be out before the new ones hold


def install() -> None:
    """Version 1, in force from the beginning. May run twice."""
    row = dict(number=1, announced_at=THE_BEGINNING, in_force_from=THE_BEGINNING, rules=queries.as_row(Rules()))
    db.session.execute(insert(RulebookVersion).values(row).on_conflict_do_nothing())


def announce(rules: Rules, in_force_from: datetime, by: User | None = None, **details: object) -> RulebookVersion:
    """Announce these Rules, whatever number they bear, as the next version from that moment on, and tell the members. Answers the RulebookVersion.

    `by`: the admin who publishes it, None for an operator; `details` stand in the audit log, too.

    Raises Invalid when it comes too soon, not after all others, changes nothing, or when `checks` refuses it."""
    db.session.get_one(RulebookVersion, 1, with_for_update={"key_share": True})  # one announcement at a time; transfers by it go on
    last, now = queries.newest(), clock.now()
    if in_force_from < now + NOTICE:
        raise Invalid("A version is announced %(days)d days before it holds. The earliest moment now is %(day)s UTC.", days=NOTICE.days, day=_day(now + NOTICE))
    if in_force_from <= last.in_force_from:
        raise Invalid("Version %(number)d holds from %(day)s UTC. The next one can only begin after it.", number=last.number, day=_day(last.in_force_from))
    rules = replace(rules, number=last.number + 1)
    if not changes.changed(last.numbers, rules):
        raise Invalid("Nothing differs from version %(number)d.", number=last.number)
    checks.check(rules)
    version = RulebookVersion(number=rules.number, announced_at=now, in_force_from=in_force_from, rules=queries.as_row(rules))
    db.session.add(version)
    log.record("rulebook announced", f"rulebook {version.number}", by, begins=in_force_from.isoformat(), **details)
    notices.tell_all("rulebook announced", f"rulebook:{version.number}", **{"number": version.number, "from": in_force_from.isoformat()})
    return version


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
