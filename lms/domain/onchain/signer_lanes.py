"""A signer's lane: its nonces given one after the other, and what stops it."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import log
from lms.domain.onchain.models import Nonce, Operation, Signer
from lms.errors import DomainError

# What is executable at once: Polygon's nodes drop what one sender has beyond it.
MOST_PENDING = 16


class LaneHalted(DomainError):
    """The signer must not sign until an operator has looked."""

    def __init__(self, signer: str, why: str) -> None:
        super().__init__(why)
        self.signer = signer


def room(signer: str, mined_count: int) -> int:
    """How many more transactions of this signer a node keeps: asked before an operation is simulated in vain."""
    next_nonce = db.session.scalar(select(Signer.next_nonce).where(Signer.address == signer)) or 0
    return max(0, MOST_PENDING - max(0, next_nonce - mined_count))


def take_nonces(operations: Iterable[Operation], signer: str, mined_count: int) -> list[tuple[Operation, int]]:
    """[(operation, nonce)] as far as the lane has room, its row locked until the transaction ends; a retired one has none."""
    lane = _lane(signer)
    if lane.retired_at:
        return []
    if lane.halted:
        raise LaneHalted(signer, lane.halted)
    if mined_count > lane.next_nonce:
        raise LaneHalted(signer, "The chain has mined a nonce this database does not know.")
    given = list(zip(operations, range(lane.next_nonce, mined_count + MOST_PENDING), strict=False))
    lane.next_nonce += len(given)
    db.session.add_all(Nonce(signer=signer, nonce=nonce, operation_id=operation.id) for operation, nonce in given)
    db.session.flush()
    return given


def next_nonce(signer: str, mined_count: int) -> int:
    """The nonce a contract is deployed with, the lane locked until the transaction ends. What a key did before its first is its own affair."""
    lane = _lane(signer)
    if lane.next_nonce and mined_count > lane.next_nonce:
        raise LaneHalted(signer, "The chain has mined a nonce this database does not know.")
    nonce = max(lane.next_nonce, mined_count)
    lane.next_nonce = nonce + 1
    return nonce


def see_signer(address: str, balance: int, mined_nonce: int) -> None:
    """Remember what a signer has, in wei, and how many of its transactions are mined."""
    lane = _lane(address)
    lane.balance, lane.mined_nonce, lane.seen_at = Decimal(balance), mined_nonce, clock.now()


def halt(address: str, why: str) -> None:
    """Let a signer sign nothing until an operator has looked."""
    lane = _lane(address)
    lane.halted = lane.halted or why


def retire(address: str) -> None:
    """Let a signer finish what it has signed, and sign nothing new."""
    lane = _lane(address)
    if lane.retired_at is None:
        lane.retired_at = clock.now()
        log.record("signer retired", f"signer {address}")


def reinstate(address: str) -> None:
    lane = _lane(address)
    if lane.retired_at:
        lane.retired_at = None
        log.record("signer reinstated", f"signer {address}")


def adopt(address: str, mined_count: int) -> None:
    """Take what the chain has mined of this signer for known, and let it sign again."""
    lane = _lane(address)
    if lane.halted or lane.next_nonce < mined_count:
        log.record("signer adopted", f"signer {address}", before=lane.next_nonce, mined=mined_count, halted=lane.halted or "")
    lane.next_nonce, lane.halted = max(lane.next_nonce, mined_count), None


def _lane(signer: str) -> Signer:
    rows = select(Signer).where(Signer.address == signer).with_for_update().execution_options(populate_existing=True)
    lane = db.session.scalar(rows)
    if lane is None:
        db.session.execute(insert(Signer).values(address=signer, next_nonce=0).on_conflict_do_nothing())
        lane = db.session.scalars(rows).one()
    return lane
