"""What is known of a member when he asks for TEO, of which `risk_flags` makes its flags. Numbers only: nothing here judges.

Who answers a question in less than three seconds has not read it: the common threshold of rapid guessing (Kong, Wise and Bhola 2007,
Educational and Psychological Measurement 67(4), 606-619). People read 238 words a minute, of some six letters with what stands between them
(Brysbaert 2019, Journal of Memory and Language 109, 104047)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from lms.db import db
from lms.domain.accounts.device_sightings import KEPT
from lms.domain.rulebook.amounts import MICRO_PER_CENT
from lms.domain.withdrawals.models import Withdrawal

LOOKS_BACK = KEPT  # no sign-in is older
HASTY = 3  # seconds a question
PACE = 1500  # bytes of a lesson a minute: its teacher, who may be one of a circle, says how long it takes, but not less than that


@dataclass(frozen=True)
class Signals:
    """Of one member at the moment he asked. TEO in millionths; others are ids of members."""

    email: str
    asked_at: datetime
    joined_at: datetime
    linked_at: datetime | None = None  # when the address that it goes to became his; None of what an operator makes
    same_address: tuple[int, ...] = ()  # others who link it, did, or had TEO sent there
    same_device: tuple[int, ...] = ()  # others who signed in with a browser of his
    same_network: tuple[int, ...] = ()  # others who signed in from a network of his and asked for TEO, too
    partners: tuple[int, ...] = ()  # who bought of him or sold to him
    mutual: tuple[int, ...] = ()  # who did both
    sales: int = 0
    sales_to_one: int = 0  # to the member who bought most
    rewarded: int = 0  # in the last seven days, for learning
    rewarded_before: int = 0  # in the eight weeks before those
    sold_for: int = 0  # TEO that he took for sales in the last seven days, their bonus included
    sold_for_before: int = 0  # in the eight weeks before those
    lessons: int = 0  # completed in thirty days
    hasty_lessons: int = 0  # of those, in less than a fifth of the minutes that they take, as their teacher says and at PACE at least
    quizzes: int = 0  # attempts at quizzes that passed in thirty days
    hasty_quizzes: int = 0  # of those, in less than HASTY seconds a question
    capped_days: int = 0  # on which a daily limit deferred rewards
    taken_back: int = 0  # purchases that had brought rewards and were refunded
    disputes: int = 0  # of his payments, by his bank
    disputed_sales: int = 0  # by the banks of his buyers


def of(withdrawal: Withdrawal) -> Signals:
    """The Signals of who asked for it, as they were then; a fixed number of statements."""
    return _found(withdrawal, _OTHERS, _TRADE, _LEARNING)


def of_others(withdrawal: Withdrawal) -> Signals:
    """The Signals that name other members, and the rest as if there were nothing; two statements."""
    return _found(withdrawal, _OTHERS, _TRADE)


def _found(withdrawal: Withdrawal, *statements: TextClause) -> Signals:
    since = withdrawal.requested_at - LOOKS_BACK
    values = {"user": withdrawal.user_id, "to": withdrawal.to.lower(), "link": withdrawal.linked_wallet_id, "at": withdrawal.requested_at, "since": since, "per_cent": MICRO_PER_CENT, "hasty": HASTY, "pace": PACE}
    user = withdrawal.user
    told = {name: value for statement in statements for name, value in db.session.execute(statement, values).mappings().one().items()}
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Signals(email=user.email, asked_at=withdrawal.requested_at, joined_at=user.created_at, **facts)


_OTHERS = text("""
    WITH mine AS (SELECT DISTINCT device, network FROM sightings WHERE user_id = :user AND last_at >= :since)
    SELECT
        (SELECT linked_at FROM linked_wallets WHERE id = :link) AS linked_at,
        ARRAY(SELECT user_id FROM linked_wallets WHERE lower(address) = :to AND user_id <> :user
              UNION SELECT user_id FROM withdrawals WHERE lower("to") = :to AND user_id <> :user ORDER BY 1) AS same_address,
        ARRAY(SELECT DISTINCT user_id FROM sightings WHERE device IN (SELECT device FROM mine) AND user_id <> :user AND last_at >= :since ORDER BY 1) AS same_device,
        ARRAY(SELECT DISTINCT s.user_id FROM sightings s JOIN withdrawals w ON w.user_id = s.user_id AND w.requested_at >= :since AND w.requested_at <= :at
              WHERE s.network IN (SELECT network FROM mine WHERE network <> '') AND s.user_id <> :user AND s.last_at >= :since ORDER BY 1) AS same_network""")

_TRADE = text("""
    WITH paid AS (
        SELECT id, buyer_id, teacher_id, course_id, state, is_accepted, discount * :per_cent + bonus AS tokens, CAST(decided_at AS date) AS day
        FROM orders WHERE (buyer_id = :user OR teacher_id = :user) AND paid_at >= :since AND paid_at <= :at),
    brought AS (SELECT tokens, day FROM paid WHERE teacher_id = :user AND is_accepted AND day <= CAST(:at AS date)),
    disputed AS (
        SELECT o.buyer_id, o.teacher_id FROM disputes d JOIN payments p ON p.id = d.payment_id JOIN orders o ON o.id = p.order_id
        WHERE d.opened_at >= :since AND d.state <> 'won' AND (o.buyer_id = :user OR (o.teacher_id = :user AND o.paid_at IS NOT NULL)))
    SELECT
        ARRAY(SELECT buyer_id FROM paid WHERE teacher_id = :user UNION SELECT teacher_id FROM paid WHERE buyer_id = :user ORDER BY 1) AS partners,
        ARRAY(SELECT buyer_id FROM paid WHERE teacher_id = :user INTERSECT SELECT teacher_id FROM paid WHERE buyer_id = :user ORDER BY 1) AS mutual,
        (SELECT count(*) FROM paid WHERE teacher_id = :user) AS sales,
        coalesce((SELECT max(number) FROM (SELECT count(*) AS number FROM paid WHERE teacher_id = :user GROUP BY buyer_id) each), 0) AS sales_to_one,
        coalesce((SELECT sum(tokens) FROM brought WHERE day > CAST(:at AS date) - 7), 0)::bigint AS sold_for,
        coalesce((SELECT sum(tokens) FROM brought WHERE day <= CAST(:at AS date) - 7 AND day > CAST(:at AS date) - 63), 0)::bigint AS sold_for_before,
        (SELECT count(*) FROM paid WHERE buyer_id = :user AND state = 'refunded' AND EXISTS (
            SELECT FROM grants g WHERE g.user_id = :user AND g.course_id = paid.course_id AND g.taken_back_at IS NOT NULL)) AS taken_back,
        (SELECT count(*) FROM disputed WHERE buyer_id = :user) AS disputes,
        (SELECT count(*) FROM disputed WHERE teacher_id = :user) AS disputed_sales""")

_LEARNING = text("""
    WITH granted AS (SELECT amount, day, key FROM grants WHERE user_id = :user AND day > CAST(:at AS date) - 63),
    read AS (
        SELECT c.completed_at, greatest(l.minutes, octet_length(l.body) / CAST(:pace AS double precision)) AS minutes, c.completed_at - coalesce(lag(c.completed_at) OVER (PARTITION BY e.id ORDER BY c.completed_at, c.lesson_id), e.enrolled_at) AS took
        FROM enrolments e JOIN lesson_completions c ON c.enrolment_id = e.id JOIN lessons l ON l.id = c.lesson_id WHERE e.user_id = :user AND c.completed_at <= :at),
    passed AS (
        SELECT q.closed_at - q.began_at < make_interval(secs => q.count * :hasty) AS is_hasty
        FROM enrolments e JOIN quiz_attempts q ON q.enrolment_id = e.id
        WHERE e.user_id = :user AND q.has_passed AND q.closed_at <= :at AND q.closed_at > CAST(:at AS timestamptz) - interval '30 days')
    SELECT
        coalesce((SELECT sum(amount) FROM granted WHERE day > CAST(:at AS date) - 7 AND day <= CAST(:at AS date)), 0)::bigint AS rewarded,
        coalesce((SELECT sum(amount) FROM granted WHERE day <= CAST(:at AS date) - 7), 0)::bigint AS rewarded_before,
        (SELECT count(DISTINCT day) FROM granted WHERE day > CAST(:at AS date) - 30 AND day <= CAST(:at AS date) + 1 AND key LIKE '%\\:rest') AS capped_days,
        (SELECT count(*) FROM read WHERE completed_at > CAST(:at AS timestamptz) - interval '30 days') AS lessons,
        (SELECT count(*) FROM read WHERE completed_at > CAST(:at AS timestamptz) - interval '30 days' AND took < make_interval(secs => minutes * 12)) AS hasty_lessons,
        (SELECT count(*) FROM passed) AS quizzes,
        (SELECT count(*) FROM passed WHERE is_hasty) AS hasty_quizzes""")
