"""What our own rows say a holder's address holds, and the sealed keys that sign for it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Exists, Row, case, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, aliased, undefer

from lms import clock
from lms.db import db
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry, Operation
from lms.domain.wallet.models import Wallet
from lms.domain.wallet.policy import Policy

_SIGNED = case(
    (Entry.kind.in_(("mint", "deposit")), Entry.amount),
    (Entry.kind.in_(("burn", "release", "loss")), -Entry.amount),
    else_=0,
)
# What a holder signs is worth nothing after this: an operation nobody could send does not come back to life.
SIGNATURE_LASTS = 24 * 3600  # seconds of the chain's time

_LEGS = """
    SELECT source_holder_id AS holder_id, at, amount FROM transfers WHERE source_entry_id IS NULL AND source_holder_id IS NOT NULL
    UNION ALL SELECT target_holder_id, at, amount FROM transfers WHERE target_entry_id IS NULL AND target_holder_id IS NOT NULL"""
_UNCOVERED = text(f"SELECT count(*) AS legs, count(DISTINCT holder_id) AS holders, coalesce(sum(amount), 0)::bigint AS amount, min(at) AS oldest FROM ({_LEGS}) leg")

# SQL: whether a batch can bring a holder's net to the chain now. His address is asked for beside it.
CAN_SETTLE = """
    NOT EXISTS (SELECT 1 FROM entries e WHERE e.holder_id = {holder} AND e.is_open)
    AND NOT EXISTS (SELECT 1 FROM wallets m WHERE m.holder_id = {holder} AND m.must_move)
    AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.kind = 'burn skipped' AND i.subject = CAST({holder} AS text) AND i.closed_at IS NULL)"""
# One whom no batch can help makes none due, however long he waits.
_WAITING = text(f"""
    SELECT count(*) AS holders, min(waiting.oldest) AS oldest FROM (SELECT holder_id, min(at) AS oldest FROM ({_LEGS}) leg GROUP BY holder_id) waiting
    WHERE EXISTS (SELECT 1 FROM wallets w WHERE w.holder_id = waiting.holder_id AND w.replaced_at IS NULL) AND {CAN_SETTLE.format(holder="waiting.holder_id")}""")


def is_due(policy: Policy) -> bool:
    """Whether what waits shall go to the chain now; see policy.Policy."""
    waiting = db.session.execute(_WAITING).one()
    last = db.session.scalar(select(func.max(Operation.queued_at)).where(Operation.kind == "settle"))
    seen, now = onchain.chain_state(), clock.now()
    oldest = now - waiting.oldest if waiting.oldest else timedelta()
    return policy.is_due(waiting.holders, oldest, now - last if last else None, seen.base_fee if seen else 0)


def uncovered() -> Row[int, int, int, datetime | None]:
    """(legs, holders, amount, oldest): what moved and has no entry yet; `amount` in millionths of TEO, whatever its direction."""
    return db.session.execute(_UNCOVERED).one()


def settled(holder_id: int) -> int:
    """Millionths of TEO at his addresses by what is mined; what is still open is not counted."""
    return _sum(_SIGNED, Entry.holder_id == holder_id, ~Entry.is_open)


def settled_at(wallet: Wallet) -> int:
    """Millionths of TEO at this one address of the holder by what is mined, moves to it and from it included."""
    mine, moves = (Entry.holder_id == wallet.holder_id, ~Entry.is_open), Entry.kind == "move"
    here, to_here = Entry.address == wallet.address, Operation.payload["to"].astext == wallet.address
    into = db.session.scalars(select(func.coalesce(func.sum(Entry.amount), 0)).join(Operation).where(*mine, moves, to_here)).one()
    return _sum(_SIGNED, *mine, here) - _sum(Entry.amount, *mine, here, moves) + int(into)


def is_busy(holder_id: int) -> bool:
    """An entry of his is open, or his tokens are not all at the address in use: nothing new is signed for him before."""
    return has_open_entry(holder_id) or db.session.scalars(select(must_move(holder_id))).one()


def has_open_entry(holder_id: int) -> bool:
    return db.session.scalar(select(Entry.id).where(Entry.holder_id == holder_id, Entry.is_open)) is not None


def can_release(holder_id: InstrumentedAttribute[int], amount: InstrumentedAttribute[int]) -> tuple[ColumnElement[bool], ...]:
    """SQL conditions: nothing of the holder's is under way, and by what is mined so much stands at his address; see is_busy and settled."""
    open_one = select(Entry.id).where(Entry.holder_id == holder_id, Entry.is_open).exists()
    mined = select(func.coalesce(func.sum(_SIGNED), 0)).where(Entry.holder_id == holder_id, ~Entry.is_open).scalar_subquery()
    return ~open_one, ~must_move(holder_id), mined >= amount


def must_move(holder_id: int | InstrumentedAttribute[int]) -> Exists:
    """SQL: whether something of the holder's may stand at a replaced address."""
    left = aliased(Wallet)
    return select(left.id).where(left.holder_id == holder_id, left.must_move).exists()


def deadline() -> int | None:
    """The last second, of the chain's time, at which what a holder signs now may happen; None before a worker has seen the chain."""
    chain = onchain.chain_state()
    return chain.head_at + SIGNATURE_LASTS if chain else None


def wallet_at(address: str) -> Wallet | None:
    """The wallet with this address, or None."""
    return db.session.scalar(select(Wallet).where(Wallet.address == address))


def holders_at(addresses: Collection[str]) -> dict[str, int]:
    """The holder's id by address, for those that are ours, replaced ones included."""
    return dict(db.session.execute(select(Wallet.address, Wallet.holder_id).where(Wallet.address.in_(addresses))).all())


def sealed_keys(addresses: Collection[str]) -> dict[str, Wallet]:
    """The wallets at these addresses with their ciphertext, by address; for signing in a worker."""
    rows = select(Wallet).where(Wallet.address.in_(addresses)).options(*_SEALED)
    return {wallet.address: wallet for wallet in db.session.scalars(rows)}


def kek_versions() -> set[int]:
    """Every version of the KEK that some key is wrapped by."""
    return set(db.session.scalars(select(Wallet.kek_version).distinct()))


def wrapped_by_others(version: int, after: int, limit: int) -> Sequence[Wallet]:
    """Wallets with their ciphertext whose key another version of the KEK wraps, locked, in the order of their ids from `after` on."""
    rows = select(Wallet).where(Wallet.kek_version != version, Wallet.id > after).order_by(Wallet.id).limit(limit)
    return db.session.scalars(rows.options(*_SEALED).with_for_update().execution_options(populate_existing=True)).all()


def count_wrapped_by_others(version: int) -> int:
    return db.session.scalars(select(func.count()).select_from(Wallet).where(Wallet.kek_version != version)).one()


def _sum(amount: InstrumentedAttribute[int] | ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
    return int(db.session.scalars(select(func.coalesce(func.sum(amount), 0)).where(*conditions)).one())


_SEALED = (undefer(Wallet.ciphertext), undefer(Wallet.wrapped_key))
