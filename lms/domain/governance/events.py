"""What members did in some days, as Rows for a replay: read in one pass, a part at a time, whatever there is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import text

from lms.db import db
from lms.domain.governance.event_rows import COMPLETION, LESSON, PASS, REVIEW, SALE, WITHDRAWAL, Event, Steps

PART = 5000  # rows fetched at a time

# Sales that stand, and what was learned with them. Of a lesson its place is counted from the last one done, so that nothing older is read; of what reviews
# bring out of a purchase, and of a reviewer's day, all that came before.
_EVENTS = f"""
    WITH claims AS (
        SELECT s.enrolment_id, p.given_at AS at, p.reviewer_id AS user_id, true AS is_review
        FROM (SELECT DISTINCT ON (s.lesson_id, s.enrolment_id, p.reviewer_id) p.id
              FROM peer_reviews p JOIN submissions s ON s.id = p.submission_id WHERE p.given_at IS NOT NULL
              ORDER BY s.lesson_id, s.enrolment_id, p.reviewer_id, p.given_at) first
        JOIN peer_reviews p ON p.id = first.id JOIN submissions s ON s.id = p.submission_id
        UNION ALL
        SELECT s.enrolment_id, s.decided_at, e.user_id, false FROM submissions s JOIN enrolments e ON e.id = s.enrolment_id WHERE s.state = 'passed'
    ), counted AS (
        SELECT *, row_number() OVER (PARTITION BY enrolment_id ORDER BY at, is_review DESC, user_id) - 1 AS before,
               CASE WHEN is_review THEN row_number() OVER (PARTITION BY user_id, is_review, date(at AT TIME ZONE 'UTC') ORDER BY at, enrolment_id) - 1 ELSE 0 END AS today
        FROM claims
    ), events AS (
        SELECT o.paid_at AS at, {SALE} AS kind, o.buyer_id AS user_id, o.rule_version, o.price AS a, o.discount AS b, o.reward_bp AS c, o.teacher_id AS d,
               o.is_accepted::int AS e, o.placed_at AS placed_at
        FROM orders o WHERE o.state = 'paid' AND o.paid_at >= %(begin)s
        UNION ALL
        SELECT l.completed_at, {LESSON}, e.user_id, e.rule_version, e.paid,
               greatest(0, e.done - row_number() OVER (PARTITION BY l.enrolment_id ORDER BY l.completed_at DESC, l.lesson_id DESC)),
               greatest(c.lesson_count, e.done, 1), 0, 0, l.completed_at
        FROM lesson_completions l JOIN enrolments e ON e.id = l.enrolment_id JOIN courses c ON c.id = e.course_id
        WHERE l.completed_at >= %(begin)s AND e.paid > 0 AND e.ended_at IS NULL
        UNION ALL
        SELECT e.completed_at, {COMPLETION}, e.user_id, e.rule_version, e.paid, 0, 0, 0, 0, e.completed_at
        FROM enrolments e WHERE e.completed_at >= %(begin)s AND e.paid > 0 AND e.ended_at IS NULL
        UNION ALL
        SELECT k.at, CASE WHEN k.is_review THEN {REVIEW} ELSE {PASS} END, k.user_id, e.rule_version, e.paid, o.reward_bp, k.before, k.today, 0, k.at
        FROM counted k JOIN enrolments e ON e.id = k.enrolment_id JOIN orders o ON o.id = e.order_id
        WHERE k.at >= %(begin)s AND e.ended_at IS NULL
        UNION ALL
        SELECT w.requested_at, {WITHDRAWAL}, w.user_id, w.rule_version, w.amount, w.recent, (w.flags ? 'teacher')::int, 0, 0, w.requested_at
        FROM withdrawals w WHERE w.requested_at >= %(begin)s AND w.linked_wallet_id IS NOT NULL AND w.state NOT IN ('cancelled', 'rejected', 'failed')
    )
    SELECT date(at AT TIME ZONE 'UTC') - %(first)s, kind, user_id, rule_version, a, b, c, d, e, extract(epoch FROM placed_at)::bigint
    FROM events WHERE at < %(end)s ORDER BY at, kind, user_id"""
_STAKES = text("""
    SELECT user_id, extract(epoch FROM at)::bigint AS moment, change
    FROM (SELECT user_id, staked_at AS at, amount AS change FROM stakes UNION ALL SELECT user_id, asked_at, -amount FROM unstakings) changes ORDER BY user_id, at""")
_REWARDED = text("SELECT coalesce(sum(amount), 0)::bigint FROM grants WHERE day BETWEEN :first AND :last AND transfer_id IS NOT NULL AND taken_back_at IS NULL")


@contextmanager
def reading(begin: datetime, end: datetime) -> Iterator[Iterable[Event]]:
    """with reading(begin, end) as rows: … those of the days from one midnight UTC to before the other, in the order of time, as they all stood at one moment."""
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("SET LOCAL work_mem = '128MB'"))
        connection.execute(text("SET TRANSACTION READ ONLY"))
        raw: Any = connection.connection.driver_connection
        with raw.cursor(name="events", binary=True) as cursor:
            cursor.itersize = PART
            cursor.execute(_EVENTS, {"begin": begin, "end": end, "first": begin.date()})
            yield cursor


def stakes() -> dict[int, Steps]:
    """{teacher: the Steps of his stake}."""
    rows = db.session.execute(_STAKES).all()
    return {user_id: Steps((row.moment, row.change) for row in found) for user_id, found in groupby(rows, key=itemgetter(0))}


def rewarded(first: date, last: date) -> int:
    """Millionths of TEO of rewards that members got in these days, and have not given back: what the ledger says of what is replayed."""
    return int(db.session.scalars(_REWARDED, {"first": first, "last": last}).one())
