"""Operations found."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload, selectinload

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.onchain.models import Attempt, ChainState, Contract, Deployment, Entry, Event, Operation, Signer

PAGE = 50
SILENT = timedelta(seconds=60)
Step = tuple[datetime, str, Attempt | Event | None]  # when, what, and of what


def deployment() -> Deployment | None:
    """The active deployment, or None before the first."""
    return db.session.scalar(select(Deployment).where(Deployment.is_active))


def contract(name: str) -> Contract | None:
    """A contract of the active deployment, or None before its creation is signed."""
    active = deployment()
    return next((each for each in active.contracts if each.name == name), None) if active else None


def is_ours(address: str) -> bool:
    """Whether it is a contract of any deployment, or a signer."""
    asked = address.lower()
    contracts, signers = select(Contract.id).where(func.lower(Contract.address) == asked), select(Signer.address).where(func.lower(Signer.address) == asked)
    return bool(db.session.scalar(select(or_(contracts.exists(), signers.exists()))))


def chain_state() -> ChainState | None:
    return db.session.get(ChainState, 1)


def lag() -> int | None:
    """How many blocks our index of the chain is behind the head that a worker last saw; None before either is known."""
    scanned = select(Deployment.scanned_block).where(Deployment.is_active).scalar_subquery()
    blocks = db.session.scalar(select(ChainState.head - scanned).where(ChainState.id == 1))
    return None if blocks is None else max(0, blocks)


def is_silent(seen_at: datetime) -> bool:
    """Whether a chain last seen then has not been seen for too long."""
    return clock.now() - seen_at > SILENT


def operation(operation_id: int) -> Operation | None:
    """With deployment and attempts, or None."""
    return next(iter(operations([operation_id])), None)


def operations(operation_ids: Sequence[int]) -> list[Operation]:
    """With deployment and attempts, in the order of the ids."""
    rows = select(Operation).where(Operation.id.in_(operation_ids))
    found = db.session.scalars(
        rows.options(joinedload(Operation.deployment).selectinload(Deployment.contracts), selectinload(Operation.attempts))
    )
    return sorted(found, key=lambda each: operation_ids.index(each.id))


class Moved(NamedTuple):
    holder_id: int
    address: str
    kind: str
    amount: int


def entries(operation: Operation) -> list[Moved]:
    """Each of its entries; as columns, as two hundred rows of them take longer than most that is done with them."""
    columns = (func.array_agg(aggregate_order_by(getattr(Entry, name), Entry.id)) for name in Moved._fields)
    found = db.session.execute(select(*columns).where(Entry.operation_id == operation.id)).one()
    return list(map(Moved, *(column or () for column in found)))


def entry_count(operation: Operation) -> int:
    return db.session.scalars(select(func.count()).where(Entry.operation_id == operation.id)).one()


def only_mints(operation_ids: Collection[int]) -> set[int]:
    """Those of the settlements of which the chain can refuse no part: there is no burn among their entries, and nobody has dropped them."""
    burns = select(Entry.id).where(Entry.operation_id == Operation.id, Entry.kind != "mint")
    rows = select(Operation.id).where(Operation.id.in_(operation_ids), Operation.kind == "settle", ~Operation.is_void, ~burns.exists())
    return set(db.session.scalars(rows))


def history(operation: Operation) -> list[Step]:
    """[(moment, what, subject)] in the order of time. `what` is "queued", "signed" or "bumped" with its Attempt, "sent", "mined", "final", or an Event's kind with it."""
    events = db.session.scalars(select(Event).where(Event.operation_id == operation.id).order_by(Event.id))
    times = [(getattr(operation, f"{what}_at"), what, None) for what in ("queued", "sent", "mined", "final")]
    told = [*times[:1], *_signed(operation.attempts), *times[1:], *((event.at, event.kind, event) for event in events)]
    return sorted((each for each in told if each[0]), key=lambda each: each[0])


def _signed(attempts: Iterable[Attempt]) -> Iterator[Step]:
    """The first attempt of a nonce is new, the next ones offer more for it."""
    seen: set[int] = set()
    for attempt in attempts:
        yield attempt.signed_at, "bumped" if attempt.nonce in seen else "signed", attempt
        seen.add(attempt.nonce)


def unfinished(*states: str, signer: str | None = None, limit: int = 200) -> Sequence[int]:
    """Ids of the operations in these states, in order; those of one signer's lane when it is named."""
    rows = select(Operation.id).where(Operation.state.in_(states)).order_by(Operation.id).limit(limit)
    return db.session.scalars(rows.where(Operation.signer == signer) if signer else rows).all()


def perhaps_mined(signer: str, mined: int) -> Sequence[int]:
    """Ids of the signer's operations on their way that may have a receipt, where so many of his transactions are mined."""
    below = select(Attempt.id).where(Attempt.operation_id == Operation.id, Attempt.nonce < mined)
    rows = select(Operation.id).where(Operation.state == "sent", Operation.signer == signer, below.exists())
    return db.session.scalars(rows.order_by(Operation.id).limit(200)).all()


def queued_for(place: int, lanes: int, since: datetime, but: Collection[str] = ()) -> Sequence[int]:
    """Ids of what waits for its signature in the lane of this place among so many: its own share, then what the others have left lying since that moment.

    Those of the kinds in `but` go on waiting, unless they were dropped."""
    is_others = Operation.id % lanes != place
    rows = select(Operation.id).where(Operation.state == "queued", or_(~is_others, Operation.queued_at < since), or_(Operation.is_void, Operation.kind.not_in(but)))
    return db.session.scalars(rows.order_by(is_others, Operation.id).limit(200)).all()


def unwatched(driven: Collection[str], since: datetime) -> Sequence[int]:
    """Ids of what is on its way and in none of these lanes, or was sent before that moment."""
    rows = select(Operation.id).where(Operation.state == "sent", or_(func.coalesce(Operation.signer, "").not_in(driven), Operation.sent_at < since))
    return db.session.scalars(rows.order_by(Operation.id).limit(200)).all()


def oldest_sent(signer: str) -> Operation | None:
    """The signer's operation that has waited longest for its block, or None: a node may have taken one that is only known as signed."""
    newest = select(func.max(Attempt.nonce)).where(Attempt.operation_id == Operation.id).scalar_subquery()
    rows = select(Operation.id).where(Operation.state.in_(("signed", "sent")), Operation.signer == signer).order_by(newest).limit(1)
    found = db.session.scalar(rows)
    return operation(found) if found else None


def by_numbers(deployment: Deployment) -> dict[tuple[str, int], Operation]:
    """The deployment's operations, by number."""
    return {found.number: found for found in db.session.scalars(select(Operation).where(Operation.deployment_id == deployment.id))}


def is_known(deployment: Deployment, contract: str, op: int) -> bool:
    """Whether an operation of ours has this number of a contract, by its name."""
    rows = select(Operation).where(Operation.deployment_id == deployment.id, Operation.op == op)
    return any(found.number == (contract, op) for found in db.session.scalars(rows))


def signers() -> dict[str, Signer]:
    """Every lane there ever was, by address."""
    return {signer.address: signer for signer in db.session.scalars(select(Signer).order_by(Signer.address))}


def is_retired(address: str) -> bool:
    return db.session.scalar(select(Signer.retired_at).where(Signer.address == address)) is not None


def attempts_from(signer: str, nonce: int) -> Sequence[Attempt]:
    """The signer's attempts from this nonce on with their operations, in nonce order."""
    rows = select(Attempt).where(Attempt.signer == signer, Attempt.nonce >= nonce).options(joinedload(Attempt.operation))
    return db.session.scalars(rows.order_by(Attempt.nonce, Attempt.id)).all()


def page(state: str = "", kind: str = "", number: int = 1) -> Page[Operation]:
    """One page of the operations, newest first, with their entries."""
    rows = select(Operation)
    if state:
        rows = rows.where(Operation.state == state)
    if kind:
        rows = rows.where(Operation.kind == kind)
    return page_of(rows.options(selectinload(Operation.entries)).order_by(Operation.id.desc()), number, PAGE)


def counts() -> dict[str, int]:
    """How many operations are in each state."""
    return dict(db.session.execute(select(Operation.state, func.count()).group_by(Operation.state)).all())


def release_hashes(hashes: Collection[str]) -> set[str]:
    """Those of the transaction hashes that are of our members' withdrawals."""
    signed = select(Attempt.tx_hash).join(Operation).where(Attempt.tx_hash.in_(hashes), Operation.kind == "release")
    known = select(Operation.tx_hash).where(Operation.tx_hash.in_(hashes), Operation.kind == "release")
    return set(db.session.scalars(signed.union(known)))


def known_hashes(hashes: Collection[str]) -> set[str]:
    """Those of the transaction hashes that are ours: we signed them, or recognised them as an operation's after their rows were lost."""
    rows = select(Attempt.tx_hash).where(Attempt.tx_hash.in_(hashes))
    return set(db.session.scalars(rows.union(select(Operation.tx_hash).where(Operation.tx_hash.in_(hashes)))))
