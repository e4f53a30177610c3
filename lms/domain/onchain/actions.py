"""The life of an operation: queued → signed → sent → mined → final, or failed."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import array, db
from lms.domain.audit import log
from lms.domain.onchain.models import Attempt, ChainState, Deployment, Entry, Event, Operation
from lms.domain.onchain.seen import Head, Mined, Signed
from lms.errors import DomainError

MOST_REASONS = 30  # kept of why one operation waited


def turn() -> Deployment | None:
    """The active deployment, its row locked until the transaction ends and read anew, as its next number may be another's by now; None before there is one.

    Whoever queues takes it before he locks anything else: then no two wait for each other."""
    rows = select(Deployment).where(Deployment.is_active).with_for_update()
    return db.session.scalar(rows, execution_options={"populate_existing": True})


def queue(key: str, kind: str, entries: list[Entry], payload: dict[str, Any] | None = None) -> Operation:
    """An operation with its entries and the next op number of the active deployment; needs an enclosing transaction."""
    deployment = turn()
    if deployment is None:
        raise RuntimeError("no contract is deployed, and none gives out numbers")
    facts = dict(key=key, kind=kind, payload=payload or {}, queued_at=clock.now())
    operation = Operation(deployment_id=deployment.id, op=deployment.next_op, **facts)
    deployment.next_op += 1
    operation.entries = entries
    db.session.add(operation)
    db.session.flush()
    return operation


def entry_ids(count: int) -> Sequence[int]:
    """So many ids for entries to be made."""
    rows = text("SELECT nextval(name) FROM (SELECT CAST(pg_get_serial_sequence('entries', 'id') AS regclass) AS name OFFSET 0) sequence, generate_series(1, :count)")
    return db.session.scalars(rows, {"count": count}).all()


def make_entries(operation: Operation | None, ids: Sequence[int], holders: Sequence[Row[int, str]], nets: Sequence[int]) -> None:
    """Entries under these ids, by which the operation brings each holder (with id and address) his net in millionths of TEO; one of zero is empty and needs none.

    Arrays, as a thousand parameters take longer to write than to insert."""
    rows = text("""
        INSERT INTO entries (id, operation_id, holder_id, address, kind, amount, is_open)
        SELECT id, CASE WHEN net <> 0 THEN CAST(:operation AS int) END, holder, address,
               CASE sign(net) WHEN 1 THEN 'mint' WHEN -1 THEN 'burn' ELSE 'empty' END, abs(net), net <> 0
        FROM unnest(CAST(:ids AS int[]), CAST(:holders AS int[]), CAST(:addresses AS text[]), CAST(:nets AS bigint[])) e (id, holder, address, net)""")
    of_holders = {"holders": array(holder.id for holder in holders), "addresses": array(holder.address for holder in holders)}
    db.session.execute(rows, {"operation": operation and operation.id, "ids": array(ids), "nets": array(nets), **of_holders})
    if operation:
        db.session.expire(operation, ["entries"])


def lock(operation: Operation) -> None:
    """One worker at a time decides on an operation; its state and attempts are read anew, these where they are asked for."""
    db.session.refresh(operation, ["state"], with_for_update=True)
    db.session.expire(operation, ["attempts"])


def locked(operation_ids: Collection[int]) -> dict[int, Operation]:
    """The operations by id, each locked until the transaction ends and read anew."""
    rows = select(Operation).where(Operation.id.in_(operation_ids)).order_by(Operation.id).with_for_update()
    return {operation.id: operation for operation in db.session.scalars(rows, execution_options={"populate_existing": True})}


def mark_signed(operation: Operation, attempt: Signed) -> None:
    """Keep the bytes before anything is broadcast. `attempt` has signer, nonce, raw, tx_hash, gas, tip and cap."""
    facts = {name: getattr(attempt, name) for name in ("signer", "nonce", "raw", "tx_hash", "gas", "tip", "cap")}
    db.session.add(Attempt(operation_id=operation.id, signed_at=clock.now(), **facts))
    operation.signer = attempt.signer
    if operation.state == "queued":
        operation.state = "signed"


def mark_sent(operation: Operation, tx_hash: str) -> bool:
    """A node has taken the newest attempt, whose hash is shown until a mined one is known. True when it is the first that a node takes."""
    is_news = operation.state == "signed"
    if is_news:
        operation.state, operation.sent_at, operation.tx_hash = "sent", clock.now(), tx_hash
    return is_news


def mark_mined(operation: Operation, receipt: Mined) -> None:
    """Deep enough to be shown as on chain; a queued one was brought there by an attempt we have lost."""
    if not operation.is_open:
        return
    operation.state, operation.mined_at = "mined", clock.now()
    operation.tx_hash, operation.block_number, operation.block_hash = receipt.tx_hash, receipt.block_number, receipt.block_hash
    operation.gas_used, operation.fee_wei = receipt.gas_used, Decimal(receipt.gas_used * receipt.effective_gas_price)
    db.session.flush()


def close_entries(operation: Operation, but: Collection[int] = ()) -> None:
    """Their holders can be settled again; those of the holders named wait until what was refused them is refused for good."""
    rows = update(Entry).where(Entry.operation_id == operation.id, Entry.holder_id.not_in(but))
    db.session.execute(rows.values(is_open=False), execution_options={"synchronize_session": False})
    db.session.expire(operation, ["entries"])


def refuse_entries(operation: Operation, holder_ids: Collection[int]) -> None:
    """What the chain refused for good moved nothing."""
    rows = update(Entry).where(Entry.operation_id == operation.id, Entry.holder_id.in_(holder_ids))
    db.session.execute(rows.values(kind="refused", is_open=False))


def mark_failed(operation: Operation, why: str) -> None:
    """It will never happen: the chain refused it for good, or it was dropped."""
    operation.state, operation.error = "failed", why[:500]
    _tell(operation, "failed", why)


def drop(operation: Operation) -> None:
    """From now on the number is to be used up, not the operation done; what is on its way already may still win."""
    if not operation.is_open:
        raise DomainError("The operation is on the chain, or over. Nothing was dropped.")
    if not operation.is_void:
        operation.is_void = True
        log.record("operation dropped", f"operation {operation.id}", kind=operation.kind)
    _tell(operation, "dropped")


def requeue(operation: Operation, nonce: int, why: str) -> None:
    """Its transaction under this nonce failed for good: the same op is signed again under another, unless it was already."""
    newest = db.session.scalar(select(func.max(Attempt.nonce)).where(Attempt.operation_id == operation.id))
    if operation.state in ("signed", "sent") and nonce == newest:
        operation.state, operation.error = "queued", why
        _tell(operation, "queued again", why)


def mark_final(operation: Operation) -> None:
    if operation.state == "mined":
        operation.state, operation.final_at = "final", clock.now()
        db.session.flush()


def mark_vanished(operation: Operation) -> None:
    """The chain forgot the block: the same bytes are sent again. Its entries stay closed, later ones may stand on them.

    What a lost attempt had brought has no bytes any more, and is signed anew: its number lets it happen once."""
    operation.state, step = ("sent", "sent again") if operation.attempts else ("queued", "queued again")
    operation.mined_at = operation.final_at = None
    vanished, operation.block_number, operation.block_hash = operation.block_number, None, None
    _tell(operation, step, f"the chain has left block {vanished} behind")


def note(operation: Operation, error: str | None) -> bool:
    """Why an operation is not getting on; its history tells each reason once. True when it is told now."""
    why = (error or "")[:500]
    operation.error = why or None
    is_news = bool(why) and _is_news(operation, why)
    if is_news:
        _tell(operation, "waits", why)
    db.session.flush()
    return is_news


def see_chain(head: Head) -> None:
    """Remember the newest block as a worker saw it just now."""
    row = dict(id=1, head=head.number, head_at=head.timestamp, base_fee=head.base_fee, seen_at=clock.now())
    statement = insert(ChainState).values(row)
    changed = {name: statement.excluded[name] for name in row if name != "id"}
    db.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def take_numbers(deployment: Deployment, highest: int) -> None:
    """No number up to this one is given out again."""
    deployment.next_op = max(deployment.next_op, highest + 1)
    db.session.flush()


def renumber(operation: Operation, deployment: Deployment) -> None:
    """Its number was another's: it gets one that nobody has."""
    was, operation.op, deployment.next_op = operation.op, deployment.next_op, deployment.next_op + 1
    _tell(operation, "renumbered", f"the chain knows number {was} as another's")


def queue_void(deployment: Deployment, op: int, kind: str) -> None:
    """Use up a number that was given out and lost, in the contract of this kind: whatever was signed for it under the number can never happen."""
    operation = Operation(key=f"void:{deployment.id}:{kind}:{op}", kind=kind, deployment_id=deployment.id, op=op, is_void=True, queued_at=clock.now())
    db.session.add(operation)
    db.session.flush()


def _tell(operation: Operation, kind: str, why: str = "") -> None:
    db.session.add(Event(operation_id=operation.id, at=clock.now(), kind=kind, why=why[:500]))
    db.session.flush()


def _is_news(operation: Operation, why: str) -> bool:
    """A reason that names a number may differ at each look: so many are enough."""
    rows = select(func.count(), func.bool_or(Event.why == why)).where(Event.operation_id == operation.id, Event.kind == "waits")
    count, is_told = db.session.execute(rows).one()
    return count < MOST_REASONS and not is_told
