"""What a member has, where it stands, and how far the chain has followed. Amounts in millionths of TEO."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import NamedTuple

from psycopg import OperationalError
from psycopg.rows import namedtuple_row, tuple_row
from sqlalchemy import select, text

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.accounts.sessions import token_hash
from lms.domain.ledger.models import Holder
from lms.domain.onchain import queries as onchain
from lms.domain.wallet.models import Wallet

PAGE = 10
NEWEST = 2**62  # the id before which a list begins when none is named
MOST_UNREAD = 100  # more is shown as "99+"


@dataclass(frozen=True)
class Balance:
    """The parts of a member's custody; they sum to `total`."""

    available: int = 0
    maturing: int = 0
    staked: int = 0
    unbonding: int = 0
    reserved: int = 0
    debt: int = 0

    @property
    def total(self):
        return self.available + self.maturing + self.staked + self.unbonding + self.reserved

    def as_dict(self):
        return vars(self) | {"total": self.total}


class Movement(NamedTuple):
    """One transfer as its member sees it: `amount` is what his TEO rose or fell by, 0 between two parts of them and of a debt alone (then `moved` says how much)."""

    id: int
    reason: str
    evidence: dict
    rule_version: int | None
    at: datetime
    amount: int
    moved: int
    source: str
    target: str
    matures_at: datetime | None
    is_matured: bool
    state: str  # off-chain, waiting, queued, signed, sent, mined, final (without an operation: what others brought to the chain) or failed
    operation_id: int | None = None
    block_number: int | None = None
    waits_for_fees: bool = False  # a withdrawal whose transaction the chain asks too much for


class Maturing(NamedTuple):
    """An amount that becomes available at its moment."""

    amount: int
    reason: str
    evidence: dict
    at: datetime


class Chips(NamedTuple):
    """What stands in the head of a member's pages: TEO available, notices unread, counted up to MOST_UNREAD, and why payouts are stopped, or None."""

    available: int
    unread: int
    halted: str | None


@dataclass(frozen=True)
class Overview:
    """What stands above the movements: the parts, what matures next, what a cap deferred and until when, the address, and when the chain was seen."""

    balance: Balance
    maturing: list
    deferred: int
    granted_at: datetime | None
    address: str | None
    chain_seen_at: datetime | None = None

    @property
    def is_chain_silent(self):
        """No worker has seen the chain for a while: what goes there waits."""
        return self.chain_seen_at is not None and onchain.is_silent(self.chain_seen_at)


_PARTS = text("SELECT name, balance FROM accounts WHERE user_id = :user AND asset = 'TEO'")

_PARTS_OF_SIGN_IN = """
    SELECT a.name, a.balance FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.user_id = u.id
    WHERE s.token_hash = %(token_hash)s AND s.expires_at > %(now)s AND u.suspended_at IS NULL AND a.asset = 'TEO'"""

_UNREAD = f"(SELECT count(*) FROM (SELECT FROM notices WHERE user_id = {{user}} AND read_at IS NULL LIMIT {MOST_UNREAD}) few) AS unread"

_HALTED = "(SELECT reason FROM switches WHERE name = 'payouts') AS halted"

_CHIPS = text(f"SELECT balance AS available, {_UNREAD}, {_HALTED} FROM accounts WHERE user_id = :user AND asset = 'TEO' AND name = 'available'".format(user=":user"))

_OVERVIEW = """
    (SELECT jsonb_object_agg(name, balance) FROM accounts WHERE user_id = {user} AND asset = 'TEO') AS parts,
    (SELECT json_agg(next) FROM (
        SELECT l.amount, t.reason, t.evidence, l.matures_at AS at FROM lots l JOIN transfers t ON t.id = l.transfer_id
        WHERE l.user_id = {user} AND l.matured_id IS NULL AND l.amount > 0 AND t.asset = 'TEO' ORDER BY l.matures_at, t.id LIMIT 3) next) AS lots,
    (SELECT coalesce(sum(amount), 0)::bigint FROM grants WHERE user_id = {user} AND transfer_id IS NULL AND taken_back_at IS NULL) AS deferred,
    (SELECT min(day) FROM grants WHERE user_id = {user} AND transfer_id IS NULL AND taken_back_at IS NULL) AS granted_on,
    (SELECT w.address FROM wallets w JOIN holders h ON h.id = w.holder_id WHERE h.user_id = {user} AND w.replaced_at IS NULL) AS address,
    (SELECT seen_at FROM chain_state WHERE id = 1) AS chain_seen_at"""

# The parts of a select list, each one value. JSON, as ten rows of fourteen columns take several times as long to read.
# The member's own account decides which of the two entries is his, and so how far the chain has followed.
_MOVEMENTS = """
    (SELECT json_agg(movement) FROM (
        SELECT t.id, t.reason, t.evidence, t.rule_version, t.at, t.amount AS moved, s.name AS source, d.name AS target,
               CASE WHEN d.user_id = {user} AND d.name <> 'debt' THEN t.amount ELSE 0 END
                   - CASE WHEN s.user_id = {user} AND s.name <> 'debt' THEN t.amount ELSE 0 END AS amount,
               lot.matures_at, lot.matured_id IS NOT NULL AS is_matured,
               CASE WHEN CASE WHEN s.user_id = {user} THEN t.source_holder_id ELSE t.target_holder_id END IS NULL THEN 'off-chain'
                    WHEN o.state IS NOT NULL THEN o.state WHEN e.kind = 'empty' THEN 'off-chain' WHEN e.kind IN ('deposit', 'loss') THEN 'final' ELSE 'waiting' END AS state,
               o.id AS operation_id, o.block_number,
               o.kind = 'release' AND o.state IN ('queued', 'signed', 'sent') AND starts_with(o.error, 'fees too high') IS TRUE AS waits_for_fees
        FROM (
            SELECT DISTINCT near.id FROM accounts a
            CROSS JOIN LATERAL (
                (SELECT id FROM transfers WHERE source_id = a.id AND id < :before ORDER BY id DESC LIMIT :limit)
                UNION ALL
                (SELECT id FROM transfers WHERE target_id = a.id AND id < :before ORDER BY id DESC LIMIT :limit)
            ) near
            WHERE a.user_id = {user} AND a.asset = 'TEO'
            ORDER BY near.id DESC LIMIT :limit
        ) chosen
        JOIN transfers t ON t.id = chosen.id
        JOIN accounts s ON s.id = t.source_id
        JOIN accounts d ON d.id = t.target_id
        LEFT JOIN lots lot ON lot.transfer_id = t.id AND lot.amount > 0
        LEFT JOIN entries e ON e.id = CASE WHEN s.user_id = {user} THEN t.source_entry_id ELSE t.target_entry_id END
        LEFT JOIN operations o ON o.id = e.operation_id
        ORDER BY t.id DESC) movement) AS movements"""

_ONLY_OVERVIEW = text(f"SELECT {_OVERVIEW}".format(user=":user"))
_ONLY_MOVEMENTS = text(f"SELECT {_MOVEMENTS}".format(user=":user"))

_MEMBER = ("id", "email", "name", "role", "locale", "time_zone", "verified_at", "frozen_at")
_PAGE_OF_SIGN_IN = re.sub(
    r":(token_hash|now|before|limit)\b",
    r"%(\1)s",
    f"""
    SELECT {", ".join(f"u.{name}" for name in _MEMBER)}, {_OVERVIEW}, {_MOVEMENTS}, {_UNREAD}, {_HALTED} FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_hash = :token_hash AND s.expires_at > :now AND u.suspended_at IS NULL""".format(user="u.id"),
)


def balance(user_id):
    """The member's Balance; one statement."""
    return Balance(**dict(db.session.connection().execute(_PARTS, {"user": user_id}).all()))


def chips(user_id):
    """The member's Chips; one statement."""
    found = db.session.connection().execute(_CHIPS, {"user": user_id}).one_or_none()
    return Chips(*found) if found else Chips(0, 0, None)


def balance_of_sign_in(token):
    """The Balance of who signed in with this token, or None when the session has ended; one round trip for both."""
    parts = _read(_PARTS_OF_SIGN_IN, {"token_hash": token_hash(token), "now": clock.now()}, tuple_row)
    return Balance(**dict(parts)) if parts else None


def _read(sql, values, row):
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


def _rows(connection, sql, values, row):
    """The connection is given back, unless something broke the statement off: SQLAlchemy did not see it, and the pool must not give it out again."""
    try:
        return connection.driver_connection.cursor(row_factory=row).execute(sql, values).fetchall()
    except BaseException as error:
        if isinstance(error, OperationalError) or not isinstance(error, Exception):
            connection.invalidate()
        raise
    finally:
        connection.close()


def overview(user_id):
    """The member's Overview; one statement."""
    return _overview(db.session.connection().execute(_ONLY_OVERVIEW, {"user": user_id}).one())


def movements(user_id, limit=PAGE, before=NEWEST):
    """The member's newest transfers in TEO, each with how far the chain has followed; one statement."""
    return _movements(db.session.connection().execute(_ONLY_MOVEMENTS, {"user": user_id, "limit": limit, "before": before}).one())


def movement(user_id, transfer_id):
    """One of the member's transfers, or None when it is not his."""
    found = movements(user_id, limit=1, before=transfer_id + 1)
    return found[0] if found and found[0].id == transfer_id else None


def page_of_movements(user_id):
    """(the member's newest Movements, the id before which the next page begins; None on the last); one statement."""
    return _page(movements(user_id, limit=PAGE + 1))


def page_of_sign_in(token, before=NEWEST):
    """(User, Overview, page of Movements, Chips) of who signed in with this token, or None when the session has ended; one round trip for all.

    The User is to be shown, not changed: the session knows nothing of him.
    """
    values = {"token_hash": token_hash(token), "now": clock.now(), "limit": PAGE + 1, "before": before}
    rows = _read(_PAGE_OF_SIGN_IN, values, namedtuple_row)
    if not rows:
        return None
    found = rows[0]
    member = User(**{name: getattr(found, name) for name in _MEMBER})
    member.session_token = token
    overview = _overview(found)
    return member, overview, _page(_movements(found)), Chips(overview.balance.available, found.unread, found.halted)


def _overview(found):
    maturing = [Maturing(**lot | {"at": datetime.fromisoformat(lot["at"])}) for lot in found.lots or ()]
    granted_at = datetime.combine(found.granted_on, time.min, UTC) if found.granted_on else None
    return Overview(Balance(**found.parts or {}), maturing, found.deferred, granted_at, found.address, found.chain_seen_at)


def _movements(found):
    return [Movement(**movement | _moments(movement)) for movement in found.movements or ()]


def _page(movements):
    """Of one more than a page shows, as that one tells whether there is a next page."""
    return movements[:PAGE], movements[PAGE - 1].id if len(movements) > PAGE else None


def _moments(movement):
    at, matures_at = movement["at"], movement["matures_at"]
    return {"at": datetime.fromisoformat(at), "matures_at": matures_at and datetime.fromisoformat(matures_at)}


def wallet_of(user_id):
    """The member's custodial address, or None until the job has made it."""
    rows = select(Wallet).join(Holder, Wallet.holder_id == Holder.id).where(Holder.user_id == user_id, Wallet.replaced_at.is_(None))
    return db.session.scalar(rows)
