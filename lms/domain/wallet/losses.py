"""TEO that left a custodial address without us, as by a stolen key: booked once, and the member made whole.

The chain decides what the address holds, so the loss is the holder's leg, covered at its birth like a deposit's. That nobody but the
platform bears it is our policy: it keeps the key. What replaces the tokens stands in the ledger before the loss, so that neither lots,
stakes nor reserved withdrawals are touched; it is an ordinary leg, which the next settlement mints, and no income that would repay a debt.
"""

from typing import NamedTuple

from sqlalchemy import select, update

from lms.db import db
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Account, Holder, Transfer
from lms.domain.onchain.models import Entry
from lms.domain.wallet import custody
from lms.domain.wallet.deposits import TransferLog
from lms.errors import Invalid


class Move(NamedTuple):
    source: Account
    target: Account
    amount: int  # millionths of TEO


def moves(theft: TransferLog) -> list[Move]:
    """What is to be booked, in order, the loss last. `theft`: the chain's transfer, with source, target, amount, tx_hash and log_index."""
    holder, outside = _holder(theft), books.platform(TEO, "outside")
    treasury, issuance = books.platform(TEO, "treasury"), books.platform(TEO, "issuance")
    part = books.member(holder.user_id, TEO, "available") if holder.user_id else treasury
    ledger.lock(treasury, issuance, outside, part)
    replaced = _replaced(part, treasury, issuance, theft.amount)
    return [*(move for move in replaced if move.amount), Move(part, outside, theft.amount)]


def book(theft: TransferLog, why: str) -> Transfer:
    """Book a theft once; answers the transfer of the loss, of the first time when it was booked before. `why`: the operator's words."""
    holder = _holder(theft)
    db.session.execute(select(Holder).where(Holder.id == holder.id).with_for_update(key_share=True))
    key = f"lost:{theft.tx_hash}:{theft.log_index}"
    first = books.transfer(key)
    if first:
        return first
    evidence = {"transaction": theft.tx_hash, "log": theft.log_index, "block": theft.block_number, "why": why}
    *replaced, lost = moves(theft)
    for move in replaced:
        ledger.post(f"{key}:{move.source.name}", move.source, move.target, move.amount, "replaced", evidence=evidence, repays=False)
    loss = ledger.post(key, lost.source, lost.target, lost.amount, "stolen", evidence=evidence | {"to": theft.target})
    entry = Entry(holder_id=holder.id, address=theft.source, kind="loss", amount=theft.amount, is_open=False)
    db.session.add(entry)
    db.session.flush()
    db.session.execute(update(Transfer).where(Transfer.id == loss.id).values(source_entry_id=entry.id))
    log.record("theft booked", f"member {holder.user_id}" if holder.user_id else "part treasury", amount=theft.amount, transaction=theft.tx_hash, reason=why)
    return loss


def _holder(theft: TransferLog) -> Holder:
    wallet = custody.wallet_at(theft.source)
    if wallet is None:
        raise Invalid("The transfer is from %(address)s, which is no address we keep a key of.", address=theft.source)
    return db.session.get_one(Holder, wallet.holder_id)


def _replaced(part: Account, treasury: Account, issuance: Account, amount: int) -> list[Move]:
    """The treasury pays, new tokens what it lacks. Of its own tokens it is only given what it could not lose: they may be spent and not burned yet."""
    if part is treasury:
        return [Move(issuance, part, max(0, amount - part.balance))]
    paid = min(amount, treasury.balance)
    return [Move(treasury, part, paid), Move(issuance, part, amount - paid)]
