"""An older database meets the chain: what the chain did under numbers our rows do not know is taken over from its events."""

from collections.abc import Sequence

from sqlalchemy import Row, text, update

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import CUSTODY, TEO
from lms.domain.ledger.models import Account, Holder, Transfer
from lms.domain.onchain.models import Deployment, Entry, Operation
from lms.domain.onchain.seen import Mined
from lms.domain.wallet import custody


def take_over(deployment: Deployment, op: int, receipt: Mined, kind: str) -> Operation:
    """The operation the chain did under a number we do not know, final, without entries yet."""
    facts = dict(key=f"recovered:{deployment.id}:{kind}:{op}", kind=kind, deployment_id=deployment.id, op=op, state="final")
    moments = dict.fromkeys(("queued_at", "sent_at", "mined_at", "final_at"), clock.now())
    block = dict(tx_hash=receipt.tx_hash, block_number=receipt.block_number, block_hash=receipt.block_hash, gas_used=receipt.gas_used)
    operation = Operation(**facts, **moments, **block)
    db.session.add(operation)
    db.session.flush()
    return operation


def take_over_entry(operation: Operation, address: str, kind: str, amount: int) -> None:
    """The entry the chain made for an address: it covers what the holder was owed by then; what is left of it is booked as recovered."""
    wallet = custody.wallet_at(address)
    if wallet is None:
        tell_lost(operation, address, kind, amount)
        _book_abroad(operation, address, kind, amount)
        return
    entry = Entry(operation_id=operation.id, holder_id=wallet.holder_id, address=address, kind=kind, amount=amount, is_open=False)
    db.session.add(entry)
    db.session.flush()
    legs = _owed(wallet.holder_id, entry.signed_amount)
    for leg in legs:
        db.session.execute(update(Transfer).where(Transfer.id == leg.id).values({f"{leg.side}_entry_id": entry.id}))
    _book(entry, entry.signed_amount - sum(leg.amount for leg in legs), operation)
    db.session.flush()


def tell_lost(operation: Operation, address: str, kind: str, amount: int) -> None:
    """An address no wallet of ours has was made after the backup, and its key went with it."""
    audit.open_incident("address lost", address, operation=operation.id, entry=kind, amount=amount)


def take_out(entry: Entry, holder: Holder, amount: int, target: Account, key: str) -> None:
    """Move `amount` of the holder's parts, in their order, to an account that is no holder's, covered by the entry.

    Lots may be larger after it than what is maturing: rewards.fit_lots mends them in the same transaction."""
    parts, issuance = _parts(holder), books.platform(TEO, "issuance")
    ledger.lock(issuance, target, *parts)
    _issue_what_was_spent(holder, parts, issuance, amount, key)
    taken = debts.take(key, parts, target, amount, "recovered", evidence={"operation": key})
    for transfer in taken:
        transfer.source_entry_id = entry.id
    if sum(transfer.amount for transfer in taken) < amount:
        raise ledger.Overdraft("There is not enough %(asset)s for this.", asset=TEO)
    db.session.flush()


def _issue_what_was_spent(holder: Holder, parts: Sequence[Account], issuance: Account, amount: int, key: str) -> None:
    """A move takes along what the holder has spent and what is not burned yet. When it went to an address that is lost, that burn may have been
    there: it is issued to him anew, so that all of it can leave, and the burn he owes takes the less from him."""
    missing = amount - sum(part.balance for part in parts)
    if 0 < missing <= -sum(leg.amount for leg in _uncovered(holder.id)):
        ledger.post(f"{key}:spent", issuance, parts[0], missing, "recovered", evidence={"operation": key}, repays=False)


def _owed(holder_id: int, amount: int) -> Sequence[Row[int, str, int]]:
    """The legs the chain has brought: the oldest that make exactly this amount, or, when none do, all of them.

    What was earned since the database came back stands behind those, and is owed still."""
    legs, total = _uncovered(holder_id), 0
    for count, leg in enumerate(legs, start=1):
        total += leg.amount
        if total == amount:
            return legs[:count]
    return legs


def _uncovered(holder_id: int) -> Sequence[Row[int, str, int]]:
    """The holder's legs no entry covers, oldest first."""
    return db.session.execute(_LEGS, {"holder": holder_id}).all()


_LEGS = text("""
    SELECT id, 'target' AS side, amount FROM transfers WHERE target_holder_id = :holder AND target_entry_id IS NULL
    UNION ALL SELECT id, 'source', -amount FROM transfers WHERE source_holder_id = :holder AND source_entry_id IS NULL
    ORDER BY id""")


def _book_abroad(operation: Operation, address: str, kind: str, amount: int) -> None:
    """Nobody of ours holds an address whose key is lost: what was minted there is outside, and what was burned there came from outside."""
    issuance, outside = books.platform(TEO, "issuance"), books.platform(TEO, "outside")
    source, target = (issuance, outside) if kind == "mint" else (outside, issuance)
    ledger.post(f"{operation.key}:{address}", source, target, amount, "recovered", evidence={"address": address})


def _book(entry: Entry, difference: int, operation: Operation) -> None:
    holder, key = db.session.get_one(Holder, entry.holder_id), f"{operation.key}:{entry.holder_id}"
    issuance = books.platform(TEO, "issuance")
    if difference > 0:
        ledger.post(key, issuance, _parts(holder)[0], difference, "recovered", evidence={"operation": operation.key}).target_entry_id = entry.id
    elif difference < 0:
        take_out(entry, holder, -difference, issuance, key)


def _parts(holder: Holder) -> list[Account]:
    if holder.user_id is None:
        return [books.platform(TEO, "treasury"), books.platform(TEO, "escrow")]
    accounts = books.of_member(holder.user_id)
    return [accounts[TEO, name] for name in CUSTODY]
