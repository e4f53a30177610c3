"""An approved withdrawal on its way to the chain and to its address, each step once."""

import re

from sqlalchemy import select, update

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.keys import made
from lms.domain.ledger.models import Holder, Transfer
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Entry, Operation
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import custody, recovery
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals import halt
from lms.domain.withdrawals.models import UNDECIDED, Withdrawal
from lms.domain.withdrawals.steps import move, part, tell
from lms.errors import DomainError, Invalid

NOBODY = "0x" + "00" * 20


def release(key: str, user: User, to: str, amount: int) -> Withdrawal:
    """An operator's, once per key: approved as it is, to any address and of any amount (millionths of TEO). Members ask by actions.request.

    Raises Invalid, or Overdraft when it is not there."""
    if first := made(Withdrawal, key, user_id=user.id, to=to, amount=amount):
        return first
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", to) or to == NOBODY:
        raise Invalid("That is not an address: 0x and 40 hexadecimal digits.")
    if not user.is_active:
        raise DomainError("A suspended member withdraws nothing.")
    now, rules = clock.now(), rulebook.in_force()
    withdrawal = Withdrawal(key=key, user_id=user.id, to=to, amount=amount, state="approved", rule_version=rules.number, requested_at=now, decided_at=now)
    db.session.add(withdrawal)
    db.session.flush()
    move(withdrawal, "requested", part(withdrawal, "available"), part(withdrawal, "reserved"))
    log.record("withdrawal made", f"withdrawal {withdrawal.id}", member=user.id, amount=amount, to=to)
    return withdrawal


def queue(withdrawal: Withdrawal) -> Operation | None:
    """Queue its release, and say so; None while the member's tokens are not all on the chain, nothing may leave his wallet, or payouts are stopped.

    A holder has one open entry at a time and all his tokens at one address, and a release asks for no more than is mined."""
    onchain.turn()
    holder = _locked_holder(withdrawal)
    db.session.refresh(withdrawal, with_for_update={"of": Withdrawal})
    if withdrawal.state != "approved" or withdrawal.user.is_shut or not halt.lets_go():
        return None
    wallet, deadline = wallets.wallet_of(withdrawal.user_id), custody.deadline()
    if wallet is None or deadline is None or custody.is_busy(holder.id) or custody.settled(holder.id) < withdrawal.amount:
        return None
    entry = Entry(holder_id=holder.id, address=wallet.address, kind="release", amount=withdrawal.amount)
    payload = {"to": withdrawal.to, "deadline": deadline}
    operation = onchain.queue(f"withdrawal:{withdrawal.id}", "release", [entry], payload)
    leaving = move(withdrawal, "queued", part(withdrawal, "reserved"), books.platform(TEO, "releasing"))
    _cover(leaving, source_entry_id=entry.id)
    withdrawal.state, withdrawal.operation_id = "queued", operation.id
    db.session.flush()
    return operation


def mark_sent(operation: Operation) -> None:
    """Its release is final: the tokens are the member's own affair from now on."""
    withdrawal = _of(operation)
    move(withdrawal, "sent", books.platform(TEO, "releasing"), books.platform(TEO, "outside"))
    withdrawal.state = "sent"
    tell(withdrawal, "sent", operation=operation.id, transaction=operation.tx_hash)
    onchain.close_entries(operation)
    db.session.flush()


def give_back(operation: Operation) -> None:
    """Its release failed for good: the tokens never left, so the same entry covers their way out and back."""
    withdrawal = _of(operation)
    (entry,) = operation.entries
    back = move(withdrawal, "given back", books.platform(TEO, "releasing"), part(withdrawal, "available"), why=operation.error)
    _cover(back, target_entry_id=entry.id)
    onchain.refuse_entries(operation, [entry.holder_id])
    withdrawal.state, withdrawal.error = "failed", operation.error
    tell(withdrawal, "given back", operation=operation.id, why=operation.error)
    db.session.flush()


def take_over(operation: Operation, holder: Holder, address: str, to: str, amount: int) -> None:
    """A release the chain has done and our rows do not know: it was of a withdrawal that waits here, decided before the rows
    were lost or not, or of one lost with them."""
    entry = Entry(operation_id=operation.id, holder_id=holder.id, address=address, kind="release", amount=amount, is_open=False)
    db.session.add(entry)
    db.session.flush()
    rows = select(Withdrawal).where(Withdrawal.user_id == holder.user_id, Withdrawal.amount == amount, Withdrawal.state.in_(("approved", *UNDECIDED)))
    withdrawal = next((each for each in db.session.scalars(rows.order_by(Withdrawal.id)) if each.to.lower() == to.lower()), None)
    if withdrawal is None:
        recovery.take_out(entry, holder, amount, books.platform(TEO, "outside"), operation.key)
        return
    leaving = move(withdrawal, "queued", part(withdrawal, "reserved"), books.platform(TEO, "releasing"))
    _cover(leaving, source_entry_id=entry.id)
    withdrawal.operation_id = operation.id
    db.session.flush()
    mark_sent(operation)


def _of(operation: Operation) -> Withdrawal:
    return db.session.scalars(select(Withdrawal).where(Withdrawal.operation_id == operation.id).with_for_update()).one()


def _locked_holder(withdrawal: Withdrawal) -> Holder:
    """Locked against settlement: the two never give a holder two open entries. What is posted to him meanwhile does not wait, as this waits for his accounts."""
    return db.session.scalars(select(Holder).where(Holder.user_id == withdrawal.user_id).with_for_update(key_share=True)).one()


def _cover(transfer: Transfer, **covered: int) -> None:
    db.session.execute(update(Transfer).where(Transfer.id == transfer.id).values(covered))
