"""Wallets opened, and ledger legs brought into batches for the chain."""

from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import array, db
from lms.domain.audit import queries as audit
from lms.domain.ledger.models import Holder, Transfer
from lms.domain.onchain import actions as onchain_actions
from lms.domain.onchain.models import Operation
from lms.domain.rulebook.amounts import MICRO
from lms.domain.wallet import custody
from lms.domain.wallet.models import Wallet

LARGEST_BATCH = 200  # entries; the contract refuses more
LARGEST_NET = 10_000 * MICRO  # minted by one batch, well under the contract's daily bound: a batch above it could never pass


class SealedKey(Protocol):
    """An address and its key, sealed by a version of the KEK."""

    @property
    def address(self) -> str: ...

    @property
    def ciphertext(self) -> bytes: ...

    @property
    def wrapped_key(self) -> bytes: ...

    @property
    def kek_version(self) -> int: ...


def keep_wallet(holder_id: int, sealed: SealedKey) -> None:
    """Store a new address with its sealed key; a holder who has one keeps it."""
    row = dict(
        holder_id=holder_id,
        address=sealed.address,
        ciphertext=sealed.ciphertext,
        wrapped_key=sealed.wrapped_key,
        kek_version=sealed.kek_version,
        created_at=clock.now(),
        must_move=False,
    )
    in_use = text("replaced_at IS NULL")
    db.session.execute(insert(Wallet).values(row).on_conflict_do_nothing(index_elements=["holder_id"], index_where=in_use))


def keep_wrap(wallet: Wallet, sealed: SealedKey) -> None:
    """The same key, wrapped by another version of the KEK."""
    wallet.wrapped_key, wallet.kek_version = sealed.wrapped_key, sealed.kek_version
    db.session.flush()


def open_batch() -> Operation | None:
    """Cover the uncovered legs of up to 200 holders by the entries of one settlement; None when there is nothing to do.

    A holder waits while he has no address yet, an entry of his is open, his tokens move to a new address, or nobody has looked why a burn of his
    was skipped. Call inside a transaction; two workers take turns. The statements are as many for one holder as for 200.
    """
    if audit.is_stopped("settlement") or onchain_actions.turn() is None:
        return None
    holders, nets, sides = _within_net(_lock_holders())
    ids = onchain_actions.entry_ids(len(holders))
    moving = [entry_id for entry_id, net in zip(ids, nets, strict=True) if net]
    operation = onchain_actions.queue(f"settle:{moving[0]}", "settle", []) if moving else None
    if holders:
        onchain_actions.make_entries(operation, ids, holders, nets)
        _cover(ids, holders, nets, sides)
    return operation


def uncover(operation: Operation, holder_ids: Collection[int] | None = None) -> None:
    """What the chain refused these holders (all of them, when none are named) for good is owed again: the legs wait for the next entry.

    After a reorganisation their entries here may be closed already, so that a batch could be adding up their legs: it ends first."""
    entries = [entry for entry in operation.entries if holder_ids is None or entry.holder_id in holder_ids]
    _wait_for(entry.holder_id for entry in entries)
    for covered in ("source_entry_id", "target_entry_id"):
        rows = update(Transfer).where(getattr(Transfer, covered).in_([entry.id for entry in entries]))
        db.session.execute(rows.values({covered: None}))
    onchain_actions.refuse_entries(operation, [entry.holder_id for entry in entries])


def _wait_for(holder_ids: Iterable[int]) -> None:
    """Until no batch, release or move is at these holders, nor begins with them before this transaction ends. What is posted to them meanwhile waits for nothing."""
    rows = select(Holder.id).where(Holder.id.in_(holder_ids)).order_by(Holder.id)
    db.session.execute(rows.with_for_update(key_share=True))


def _lock_holders() -> Sequence[Row[int, str]]:
    """(id, address) of the holders who wait, by id. Their legs are read in the order of the indexes, from one holder to the next and no further than it takes.

    The wallet is locked too: it may be replaced while this waits for the holder."""
    rows = text(f"""
        WITH RECURSIVE waiting (id) AS (
            SELECT 0 UNION ALL SELECT least(
                (SELECT source_holder_id FROM transfers WHERE source_entry_id IS NULL AND source_holder_id > waiting.id ORDER BY 1 LIMIT 1),
                (SELECT target_holder_id FROM transfers WHERE target_entry_id IS NULL AND target_holder_id > waiting.id ORDER BY 1 LIMIT 1)
            ) FROM waiting WHERE waiting.id IS NOT NULL)
        SELECT free.id, free.address FROM waiting CROSS JOIN LATERAL (
            SELECT h.id, w.address FROM holders h JOIN wallets w ON w.holder_id = h.id AND w.replaced_at IS NULL
            WHERE h.id = waiting.id AND {custody.CAN_SETTLE.format(holder="h.id")}
            FOR UPDATE OF h, w SKIP LOCKED) free
        LIMIT :most""")
    return db.session.execute(rows, {"most": LARGEST_BATCH}).all()


def _within_net(holders: Sequence[Row[int, str]]) -> tuple[Sequence[Row[int, str]], list[int], list[str]]:
    """(the first of these holders, their nets, the sides on which any of the holders has legs), before the one with whom the batch would mint more than a batch may."""
    rows = text("""
        SELECT holder_id, sum(amount)::bigint AS net, bool_or(amount > 0) AS gains, bool_or(amount < 0) AS loses FROM (
            SELECT target_holder_id AS holder_id, amount FROM transfers WHERE target_entry_id IS NULL AND target_holder_id = ANY(CAST(:holders AS int[]))
            UNION ALL SELECT source_holder_id, -amount FROM transfers WHERE source_entry_id IS NULL AND source_holder_id = ANY(CAST(:holders AS int[]))
        ) legs GROUP BY holder_id""")
    found = {row.holder_id: row for row in db.session.execute(rows, {"holders": array(holder.id for holder in holders)})}
    nets = [found[holder.id].net if holder.id in found else 0 for holder in holders]
    most = next((max(1, before) for before, net in enumerate(accumulate(nets)) if net > LARGEST_NET), len(holders))
    sides = {"target": any(row.gains for row in found.values()), "source": any(row.loses for row in found.values())}
    return holders[:most], nets[:most], [side for side, has_legs in sides.items() if has_legs]


def _cover(entries: Sequence[int], holders: Sequence[Row[int, str]], nets: Sequence[int], sides: Sequence[str]) -> None:
    """Let these entries cover what is uncovered of their holders on these sides: no leg was added to a locked holder, nor taken from him, since they were added up."""
    covered = {side: _cover_side(side, entries, holders) for side in sides}
    for entry, net in zip(entries, nets, strict=True):
        legs = covered.get("target", {}).get(entry, 0) - covered.get("source", {}).get(entry, 0)
        if legs != net:
            raise RuntimeError(f"entry {entry} of {net} would cover legs of {legs}")


def _cover_side(side: str, entries: Sequence[int], holders: Sequence[Row[int, str]]) -> dict[int, int]:
    """{entry: the sum of what it covers on this side}. Holder by holder, whatever PostgreSQL's last count of what is uncovered: it may have found nothing, and then reads all."""
    rows = text(f"""
        WITH covered AS (
            UPDATE transfers t SET {side}_entry_id = leg.entry FROM (
                SELECT e.entry, waiting.id FROM unnest(CAST(:entries AS int[]), CAST(:holders AS int[])) e (entry, holder) CROSS JOIN LATERAL
                    (SELECT id FROM transfers WHERE {side}_holder_id = e.holder AND {side}_entry_id IS NULL OFFSET 0) waiting) leg
            WHERE t.id = leg.id RETURNING leg.entry, t.amount)
        SELECT entry, sum(amount)::bigint FROM covered GROUP BY entry""")
    found = db.session.execute(rows, {"entries": array(entries), "holders": array(holder.id for holder in holders)})
    return dict(found.all())
