"""What the pages of who is signed in show of his wallet, with the sign-in itself checked where they are asked most. Amounts in millionths of TEO."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import OperationalError
from psycopg.rows import RowFactory, namedtuple_row, tuple_row
from sqlalchemy import PoolProxiedConnection, text

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.accounts.sessions import signed_in, token_hash
from lms.domain.wallet.queries import (
    MOVEMENTS,
    NEWEST,
    OVERVIEW,
    PAGE,
    Balance,
    Overview,
    PageOfMovements,
    movements_in,
    overview_in,
    page_in,
)

MOST_UNREAD = 100  # more is shown as "99+"


class Chips(NamedTuple):
    """What stands in the head of a member's pages: TEO available, notices unread, counted up to MOST_UNREAD, and why payouts are stopped, or None."""

    available: int
    unread: int
    halted: str | None


_PARTS_OF_SIGN_IN = """
    SELECT a.name, a.balance FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.user_id = u.id
    WHERE s.token_hash = %(token_hash)s AND s.expires_at > %(now)s AND u.suspended_at IS NULL AND a.asset = 'TEO'"""

_UNREAD = f"(SELECT count(*) FROM (SELECT FROM notices WHERE user_id = {{user}} AND read_at IS NULL LIMIT {MOST_UNREAD}) few) AS unread"

_HALTED = "(SELECT reason FROM switches WHERE name = 'payouts') AS halted"

_CHIPS = text(f"SELECT balance AS available, {_UNREAD}, {_HALTED} FROM accounts WHERE user_id = :user AND asset = 'TEO' AND name = 'available'".format(user=":user"))

_MEMBER = ("id", "email", "name", "role", "locale", "time_zone", "verified_at", "frozen_at")
_PAGE_OF_SIGN_IN = re.sub(
    r":(token_hash|now|before|limit)\b",
    r"%(\1)s",
    f"""
    SELECT {", ".join(f"u.{name}" for name in _MEMBER)}, s.id AS session_id, s.opened_at, s.expires_at, {OVERVIEW}, {MOVEMENTS}, {_UNREAD}, {_HALTED} FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_hash = :token_hash AND s.expires_at > :now AND u.suspended_at IS NULL""".format(user="u.id"),
)


def chips(user_id: int) -> Chips:
    """The member's Chips; one statement."""
    found = db.session.connection().execute(_CHIPS, {"user": user_id}).one_or_none()
    return Chips(*found) if found else Chips(0, 0, None)


def balance_of_sign_in(token: str) -> Balance | None:
    """The Balance of who signed in with this token, or None when the session has ended; one round trip for both."""
    parts = _read(_PARTS_OF_SIGN_IN, {"token_hash": token_hash(token), "now": clock.now()}, tuple_row)
    return Balance(**dict(parts)) if parts else None


def page_of_sign_in(token: str, before: int = NEWEST) -> tuple[User, Overview, PageOfMovements, Chips] | None:
    """(User, Overview, page of Movements, Chips) of who signed in with this token, or None when the session has ended; one round trip for all.

    The User is to be shown, not changed: the session knows nothing of him.
    """
    values = {"token_hash": token_hash(token), "now": clock.now(), "limit": PAGE + 1, "before": before}
    rows = _read(_PAGE_OF_SIGN_IN, values, namedtuple_row)
    if not rows:
        return None
    found = rows[0]
    member = User(**{name: getattr(found, name) for name in _MEMBER})
    signed_in(member, token, found.session_id, found.opened_at, found.expires_at)
    overview = overview_in(found)
    return member, overview, page_in(movements_in(found)), Chips(overview.balance.available, found.unread, found.halted)


def _read(sql: str, values: Mapping[str, object], row: RowFactory[Any]) -> Sequence[Any]:
    """The rows of a statement by psycopg alone: what SQLAlchemy makes of a row costs a tenth of the pages asked most.

    A database that was started again has broken all connections kept: they are left, and the statement, which only reads, is sent once more. One that
    takes no connection has broken none."""
    engine = db.engines["reading"]
    pool, connection = engine.pool, engine.raw_connection()
    try:
        return _rows(connection, sql, values, row)
    except OperationalError:
        if engine.pool is pool:  # another request may have left it already
            engine.dispose()
    return _rows(engine.raw_connection(), sql, values, row)


def _rows(connection: PoolProxiedConnection, sql: str, values: Mapping[str, object], row: RowFactory[Any]) -> Sequence[Any]:
    """The connection is given back, unless something broke the statement off: SQLAlchemy did not see it, and the pool must not give it out again."""
    try:
        found: Sequence[Any] = connection.cursor(row_factory=row).execute(sql, values).fetchall()
        return found
    except BaseException as error:
        if isinstance(error, OperationalError) or not isinstance(error, Exception):
            connection.invalidate()
        raise
    finally:
        connection.close()
