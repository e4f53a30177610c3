"""What a member has, where it stands, and how far the chain has followed. Amounts in millionths of TEO."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import select, text

from lms.db import Facts, db
from lms.domain.ledger.models import Holder
from lms.domain.onchain import queries as onchain
from lms.domain.wallet.models import Wallet

PAGE = 10
NEWEST = 2**62  # the id before which a list begins when none is named


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
    def total(self) -> int:
        return self.available + self.maturing + self.staked + self.unbonding + self.reserved

    def as_dict(self) -> dict[str, int]:
        return vars(self) | {"total": self.total}


class Movement(NamedTuple):
    """One transfer as its member sees it: `amount` is what his TEO rose or fell by, 0 between two parts of them and of a debt alone (then `moved` says how much)."""

    id: int
    reason: str
    evidence: Facts
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


PageOfMovements = tuple[Sequence[Movement], int | None]  # and the id before which the next page begins; None on the last


class Maturing(NamedTuple):
    """An amount that becomes available at its moment."""

    amount: int
    reason: str
    evidence: Facts
    at: datetime


@dataclass(frozen=True)
class Overview:
    """What stands above the movements: the parts, what matures next, what a cap deferred and until when, the address, and when the chain was seen."""

    balance: Balance
    maturing: list[Maturing]
    deferred: int
    granted_at: datetime | None
    address: str | None
    chain_seen_at: datetime | None = None

    @property
    def is_chain_silent(self) -> bool:
        """No worker has seen the chain for a while: what goes there waits."""
        return self.chain_seen_at is not None and onchain.is_silent(self.chain_seen_at)


_PARTS = text("SELECT name, balance FROM accounts WHERE user_id = :user AND asset = 'TEO'")

OVERVIEW = """
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
MOVEMENTS = """
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

_ONLY_OVERVIEW = text(f"SELECT {OVERVIEW}".format(user=":user"))
_ONLY_MOVEMENTS = text(f"SELECT {MOVEMENTS}".format(user=":user"))


def balance(user_id: int) -> Balance:
    """The member's Balance; one statement."""
    return Balance(**dict(db.session.connection().execute(_PARTS, {"user": user_id}).all()))


def overview(user_id: int) -> Overview:
    """The member's Overview; one statement."""
    return overview_in(db.session.connection().execute(_ONLY_OVERVIEW, {"user": user_id}).one())


def movements(user_id: int, limit: int = PAGE, before: int = NEWEST) -> list[Movement]:
    """The member's newest transfers in TEO, each with how far the chain has followed; one statement."""
    return movements_in(db.session.connection().execute(_ONLY_MOVEMENTS, {"user": user_id, "limit": limit, "before": before}).one())


def movement(user_id: int, transfer_id: int) -> Movement | None:
    """One of the member's transfers, or None when it is not his."""
    found = movements(user_id, limit=1, before=transfer_id + 1)
    return found[0] if found and found[0].id == transfer_id else None


def page_of_movements(user_id: int) -> PageOfMovements:
    """(the member's newest Movements, the id before which the next page begins; None on the last); one statement."""
    return page_in(movements(user_id, limit=PAGE + 1))


def overview_in(found: Any) -> Overview:
    """The Overview in a row with OVERVIEW among its columns."""
    maturing = [Maturing(**lot | {"at": datetime.fromisoformat(lot["at"])}) for lot in found.lots or ()]
    granted_at = datetime.combine(found.granted_on, time.min, UTC) if found.granted_on else None
    return Overview(Balance(**found.parts or {}), maturing, found.deferred, granted_at, found.address, found.chain_seen_at)


def movements_in(found: Any) -> list[Movement]:
    """The Movements in a row with MOVEMENTS among its columns."""
    return [Movement(**movement | _moments(movement)) for movement in found.movements or ()]


def page_in(movements: Sequence[Movement]) -> PageOfMovements:
    """Of one more than a page shows, as that one tells whether there is a next page."""
    return movements[:PAGE], movements[PAGE - 1].id if len(movements) > PAGE else None


def _moments(movement: Facts) -> dict[str, datetime | None]:
    at, matures_at = movement["at"], movement["matures_at"]
    return {"at": datetime.fromisoformat(at), "matures_at": matures_at and datetime.fromisoformat(matures_at)}


def wallet_of(user_id: int) -> Wallet | None:
    """The member's custodial address, or None until the job has made it."""
    rows = select(Wallet).join(Holder, Wallet.holder_id == Holder.id).where(Holder.user_id == user_id, Wallet.replaced_at.is_(None))
    return db.session.scalar(rows)
