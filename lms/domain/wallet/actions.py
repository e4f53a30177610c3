"""Wallets opened, and ledger legs brought into batches for the chain."""

from sqlalchemy import String, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import queries as audit
from lms.domain.audit.models import Incident
from lms.domain.ledger.models import Holder, Transfer
from lms.domain.onchain import actions as onchain_actions
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry
from lms.domain.rulebook.rules import MICRO
from lms.domain.wallet.models import Wallet

_TURN = 0x7E0  # the advisory lock that lets one worker open a batch at a time
LARGEST_BATCH = 200  # entries; the contract refuses more
LARGEST_NET = 10_000 * MICRO  # minted by one batch, well under the contract's daily bound: a batch above it could never pass


def keep_wallet(holder_id, sealed):
    """Store a new address with its sealed key; a holder who has one keeps it."""
    row = dict(
        holder_id=holder_id,
        address=sealed.address,
        ciphertext=sealed.ciphertext,
        wrapped_key=sealed.wrapped_key,
        kek_version=sealed.kek_version,
        created_at=clock.now(),
    )
    db.session.execute(insert(Wallet).values(row).on_conflict_do_nothing(index_elements=["holder_id"]))


def open_batch():
    """Cover the uncovered legs of up to 200 holders by the entries of one settlement; None when there is nothing to do.

    A holder waits while he has no address yet, an entry of his is open, or nobody has looked why a burn of his was skipped. Call inside a transaction; two
    workers take turns.
    """
    if audit.is_stopped("settlement") or onchain.deployment() is None:
        return None
    db.session.execute(select(func.pg_advisory_xact_lock(_TURN)))
    moving, net = [], 0
    for holder_id, address in _lock_holders():
        entry = _cover(holder_id, address)
        net += entry.signed_amount
        moving += [entry] if entry.kind != "empty" else []
        if net >= LARGEST_NET:
            break
    if not moving:
        return None
    db.session.flush()
    return onchain_actions.queue(f"settle:{moving[0].id}", "settle", moving)


def uncover(operation, holder_ids=None):
    """What the chain refused these holders (all of them, when none are named) for good is owed again: the legs wait for the next entry."""
    entries = [entry for entry in operation.entries if holder_ids is None or entry.holder_id in holder_ids]
    for covered in ("source_entry_id", "target_entry_id"):
        rows = update(Transfer).where(getattr(Transfer, covered).in_([entry.id for entry in entries]))
        db.session.execute(rows.values({covered: None}))
    onchain_actions.refuse_entries(operation, [entry.holder_id for entry in entries])


def _lock_holders():
    uncovered = text("""
        SELECT source_holder_id AS id FROM transfers WHERE source_entry_id IS NULL AND source_holder_id IS NOT NULL
        UNION SELECT target_holder_id FROM transfers WHERE target_entry_id IS NULL AND target_holder_id IS NOT NULL
    """).columns(Holder.id).subquery("uncovered")
    waiting = select(Entry.id).where(Entry.holder_id == Holder.id, Entry.is_open).exists()
    skipped = select(Incident.id).where(Incident.kind == "burn skipped", Incident.subject == cast(Holder.id, String), Incident.closed_at.is_(None)).exists()
    rows = (
        select(Holder.id, Wallet.address)
        .join(Wallet, Wallet.holder_id == Holder.id)
        .where(Holder.id.in_(select(uncovered.c.id)), ~waiting, ~skipped)
        .order_by(Holder.id)
        .limit(LARGEST_BATCH)
        .with_for_update(of=Holder, skip_locked=True)
    )
    return db.session.execute(rows).all()


def _cover(holder_id, address):
    """One entry for the net of the holder's uncovered legs, which it covers from now on."""
    entry = Entry(holder_id=holder_id, address=address, kind="empty", amount=0)
    db.session.add(entry)
    db.session.flush()
    net = _cover_side("target", holder_id, entry) - _cover_side("source", holder_id, entry)
    if net:
        entry.kind, entry.amount = ("mint", net) if net > 0 else ("burn", -net)
    else:
        entry.is_open = False
    db.session.flush()
    return entry


def _cover_side(side, holder_id, entry):
    holder, covered = getattr(Transfer, f"{side}_holder_id"), getattr(Transfer, f"{side}_entry_id")
    rows = update(Transfer).where(holder == holder_id, covered.is_(None)).values({covered: entry.id}).returning(Transfer.amount)
    return sum(db.session.scalars(rows.execution_options(synchronize_session=False)))
