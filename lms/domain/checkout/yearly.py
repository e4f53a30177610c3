"""A teacher's year in euros, from the ledger: what he had, what came and went, what he has. Cents. Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User


class DoesNotFoot(Exception):
    """Opening and lines do not make the closing: a fault of ours, and no statement."""


@dataclass(frozen=True)
class Line:
    """`amount` that came (or went, below zero): of `count` sales or refunds of a course, of one payout, or of anything else."""

    what: str
    amount: int
    count: int = 1
    at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True)
class Statement:
    """A year from its `first` moment to the `last`, which is not in it any more; while it lasts, until now."""

    year: int
    first: datetime
    last: datetime
    opening: int
    sales: list[Line]
    refunds: list[Line]
    payouts: list[Line]
    others: list[Line]
    closing: int

    @property
    def lines(self) -> list[Line]:
        return [*self.sales, *self.refunds, *self.payouts, *self.others]

    @property
    def is_over(self) -> bool:
        return self.last.astimezone(self.first.tzinfo).year > self.year

    @property
    def foots(self) -> bool:
        """Whether what was there and every line make what is there: the two ends are counted without the lines."""
        return self.opening + sum(line.amount for line in self.lines) == self.closing


def years(user: User) -> list[int]:
    """The years the member may ask for, newest first."""
    zone = ZoneInfo(user.time_zone)
    return list(range(clock.now().astimezone(zone).year, user.created_at.astimezone(zone).year - 1, -1))


def statement(user: User, year: int) -> Statement:
    """The member's Statement of a year in his time zone, in one statement of SQL: what comes meanwhile is in all of it or in none."""
    zone = ZoneInfo(user.time_zone)
    first, end = datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
    span = dict(user=user.id, first=first, last=end)
    found = defaultdict[str, list[Line]](list)
    for kind, *line in db.session.execute(_LINES, span):
        found[kind].append(Line(*line))
    parts = {name: found[kind] for name, kind in _KINDS.items()}
    opening, closing = (sum(line.amount for line in found[name]) for name in ("opening", "closing"))
    whole = Statement(year, first, min(end, clock.now()), opening=opening, closing=closing, **parts)
    if not whole.foots:
        raise DoesNotFoot(f"statement of member {user.id} of {year}")
    return whole


_KINDS = {"sales": "sale", "refunds": "refund", "payouts": "payout", "others": "other"}

# What crosses the border of all a member's accounts in euros; between them nothing comes or goes. One line a course for
# sales and refunds, one a payout, one a reason for all else; a sale decided anew comes twice and goes once: it is one.
# The opening is what moved before, the closing what is there without what moved since.
_LINES = text("""
    WITH mine AS (SELECT id, balance FROM accounts WHERE user_id = :user AND asset = 'EUR'),
    crossing AS (
        SELECT t.*, t.amount AS moved, t.source_id AS other FROM transfers t WHERE t.target_id IN (SELECT id FROM mine) AND t.source_id NOT IN (SELECT id FROM mine)
        UNION ALL
        SELECT t.*, -t.amount, t.target_id FROM transfers t WHERE t.source_id IN (SELECT id FROM mine) AND t.target_id NOT IN (SELECT id FROM mine)
    ),
    told AS (
        SELECT CASE WHEN x.reason IN ('share', 'decided anew') THEN 'sale' WHEN x.reason IN ('refund', 'charge back') THEN 'refund'
                    WHEN a.name = 'bank' THEN 'payout' ELSE 'other' END AS kind, x.*, c.id AS course_id, coalesce(c.title, x.evidence ->> 'course') AS title
        FROM crossing x JOIN accounts a ON a.id = x.other
        LEFT JOIN orders o ON o.id = (x.evidence ->> 'order')::int LEFT JOIN courses c ON c.id = o.course_id
        WHERE x.at >= :first AND x.at < :last
    )
    SELECT kind, what, amount, count, at, reference FROM (
        SELECT kind, title AS what, sum(moved)::bigint AS amount, count(DISTINCT evidence ->> 'order') AS count, NULL::timestamptz AS at, '' AS reference
        FROM told WHERE kind IN ('sale', 'refund') GROUP BY kind, course_id, title
        UNION ALL SELECT kind, coalesce(evidence ->> 'iban', ''), moved, 1, at, coalesce(evidence ->> 'reference', '') FROM told WHERE kind = 'payout'
        UNION ALL SELECT kind, reason, sum(moved)::bigint, count(*), NULL, '' FROM told WHERE kind = 'other' GROUP BY kind, reason
        UNION ALL SELECT 'opening', '', coalesce(sum(moved), 0)::bigint, 1, NULL, '' FROM crossing WHERE at < :first
        UNION ALL SELECT 'closing', '', coalesce((SELECT sum(balance) FROM mine), 0)::bigint - coalesce(sum(moved), 0)::bigint, 1, NULL, '' FROM crossing WHERE at >= :last
    ) line WHERE amount <> 0 ORDER BY at NULLS FIRST, what""")
