"""A member's TEO over some days: what there was, each line, what there is. In millionths of TEO."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from lms.db import Facts, db
from lms.errors import Invalid

MOST_DAYS, MOST_LINES = 366, 5000
TRIES = 3  # what is booked between the statements of one is in the next
PARTS = ("available", "maturing", "staked", "unbonding", "reserved")
DEBT = "debt"


@dataclass(frozen=True)
class Line:
    """One transfer: `amount` is what the member's TEO rose or fell by, 0 between two of his own parts (then `moved` says how much); `total` what they then were."""

    id: int
    at: datetime
    reason: str
    evidence: Facts
    rule_version: int
    source: str
    target: str
    amount: int
    moved: int
    total: int


@dataclass(frozen=True)
class Statement:
    """`opening` and `closing` are what stood in each part, and what was owed (0 or less) under "debt"."""

    first: date
    last: date
    opening: dict[str, int]
    lines: list[Line]
    closing: dict[str, int]

    @property
    def opening_total(self) -> int:
        return _total(self.opening)

    @property
    def closing_total(self) -> int:
        return _total(self.closing)


class DoesNotFoot(Exception):
    """Opening and lines do not make the closing: a fault of ours, and no statement."""


def statement(user_id: int, first: date, last: date, time_zone: str) -> Statement:
    """The Statement from the beginning of the day `first` to the end of `last`, in the member's time zone; three statements. Raises Invalid."""
    if not first <= last:
        raise Invalid("The last day is before the first.")
    if (last - first).days >= MOST_DAYS:
        raise Invalid("A statement is over at most %(most)d days.", most=MOST_DAYS)
    zone = ZoneInfo(time_zone)
    begin, end = datetime.combine(first, time.min, zone), datetime.combine(last + timedelta(days=1), time.min, zone)
    values = {"user": user_id, "begin": begin, "end": end}
    for _ in range(TRIES):
        opening, rows, closing = _parts(user_id, begin), _rows(values), _parts(user_id, end)
        lines, reckoned = _running(rows, user_id, opening)
        if reckoned == closing:
            return Statement(first, last, opening, lines, closing)
    raise DoesNotFoot(f"statement of member {user_id} from {first} to {last}")


def _rows(values: Mapping[str, object]) -> Sequence[Any]:
    rows = db.session.execute(_LINES, {**values, "most": MOST_LINES + 1}).all()
    if len(rows) > MOST_LINES:
        raise Invalid("There are more than %(most)d lines in these days. Choose fewer.", most=MOST_LINES)
    return rows


def _running(rows: Iterable[Any], user_id: int, opening: Mapping[str, int]) -> tuple[list[Line], dict[str, int]]:
    """(the Lines with their running total, what stands in each part after them)"""
    parts, lines = dict(opening), []
    for row in rows:
        change: dict[str, int] = defaultdict(int)
        if row.source_user == user_id:
            change[row.source] -= row.moved
        if row.target_user == user_id:
            change[row.target] += row.moved
        for name, amount in change.items():
            parts[name] += amount
        amount = sum(value for name, value in change.items() if name != DEBT)
        source, target = (name if user == user_id else "" for name, user in ((row.source, row.source_user), (row.target, row.target_user)))
        lines.append(Line(row.id, row.at, row.reason, row.evidence, row.rule_version, source, target, amount, row.moved, _total(parts)))
    return lines, parts


def _parts(user_id: int, moment: datetime) -> dict[str, int]:
    """What stood in each part before this moment."""
    return dict.fromkeys((*PARTS, DEBT), 0) | {name: int(amount) for name, amount in db.session.execute(_STOOD, {"user": user_id, "moment": moment})}


def _total(parts: Mapping[str, int]) -> int:
    return sum(parts[name] for name in PARTS)


_LINES = text("""
    SELECT t.id, t.at, t.reason, t.evidence, t.rule_version, t.amount AS moved, s.name AS source, s.user_id AS source_user, d.name AS target, d.user_id AS target_user
    FROM (SELECT DISTINCT near.id FROM accounts a CROSS JOIN LATERAL (
              SELECT id FROM transfers WHERE source_id = a.id AND at >= :begin AND at < :end
              UNION ALL SELECT id FROM transfers WHERE target_id = a.id AND at >= :begin AND at < :end) near
          WHERE a.user_id = :user AND a.asset = 'TEO') chosen
    JOIN transfers t ON t.id = chosen.id JOIN accounts s ON s.id = t.source_id JOIN accounts d ON d.id = t.target_id
    ORDER BY t.id LIMIT :most""")
_STOOD = text("""
    SELECT a.name, coalesce((SELECT sum(amount) FROM transfers WHERE target_id = a.id AND at < :moment), 0)
                 - coalesce((SELECT sum(amount) FROM transfers WHERE source_id = a.id AND at < :moment), 0)
    FROM accounts a WHERE a.user_id = :user AND a.asset = 'TEO'""")
