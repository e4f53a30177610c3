"""A custodial key that is replaced: the holder gets a new address, and what the old one holds is moved there. The ledger moves nothing.

The old wallet stays, with its key: what still comes to it is credited like any deposit, and moved again. A holder whose tokens stand at two
addresses is not settled and withdraws nothing, since what he signs for the one may be at the other.
"""

from collections.abc import Sequence

from sqlalchemy import Select, select, update

from lms import clock
from lms.db import db
from lms.domain.audit import log
from lms.domain.ledger.models import Holder
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries as onchain_queries
from lms.domain.onchain.models import Entry, Operation
from lms.domain.wallet import actions, custody
from lms.domain.wallet.models import Wallet
from lms.errors import DomainError


def replace(holder_id: int, sealed: actions.SealedKey) -> Wallet:
    """Give the holder a new address with its sealed key; answers the wallet it replaces. Entries that are open go their way to the old one."""
    holder, old = _lock(holder_id), in_use(holder_id)
    if old is None:
        raise DomainError("The holder has no address yet. Nothing was replaced.")
    old.replaced_at, old.must_move = clock.now(), True
    db.session.flush()
    actions.keep_wallet(holder_id, sealed)
    whose = f"member {holder.user_id}" if holder.user_id else "part treasury"
    log.record("key replaced", whose, before=old.address, after=_address(holder_id))
    return old


def waiting() -> Sequence[int]:
    """Ids of the replaced wallets something may still stand at, oldest first."""
    return db.session.scalars(select(Wallet.id).where(Wallet.must_move).order_by(Wallet.id)).all()


def queue(wallet_id: int) -> Operation | None:
    """Queue the move of what our rows say stands at this replaced address; None while an entry of the holder is open, and once nothing is there."""
    onchain.turn()
    wallet = db.session.get_one(Wallet, wallet_id)
    _lock(wallet.holder_id)
    db.session.refresh(wallet, with_for_update=True)
    deadline = custody.deadline()
    if not wallet.must_move or custody.has_open_entry(wallet.holder_id) or deadline is None:
        return None
    amount = custody.settled_at(wallet)  # asked last: an entry that closed meanwhile is in it
    if amount <= 0:
        wallet.must_move = False
        return None
    entry = Entry(holder_id=wallet.holder_id, address=wallet.address, kind="move", amount=amount)
    db.session.add(entry)
    db.session.flush()
    return onchain.queue(f"move:{entry.id}", "move", [entry], {"to": _address(wallet.holder_id), "deadline": deadline})


def stay(operation: Operation) -> None:
    """It will never happen, not even if it was seen mined before a reorg: what it was for stays where it is, and the next move takes it."""
    onchain.refuse_entries(operation, [entry.holder_id for entry in operation.entries])
    for entry in operation.entries:
        expect(entry.address)


def has_firm_ground(operation: Operation) -> bool:
    """Whether all that brought what it moves is final: what only seemed to be there was taken by nobody, and comes again."""
    addresses = [entry.address for entry in onchain_queries.entries(operation)]
    minted = (Entry.kind == "mint") & Entry.address.in_(addresses)
    moved = (Entry.kind == "move") & Operation.payload["to"].astext.in_(addresses)
    rows = select(Entry.id).join(Operation, Operation.id == Entry.operation_id)
    young = rows.where(minted | moved, Operation.state.not_in(("final", "failed")))
    return not db.session.scalar(select(young.exists()))


def expect(address: str) -> None:
    """Something came to this address: if it was replaced, that must move."""
    db.session.execute(update(Wallet).where(Wallet.address == address, Wallet.replaced_at.is_not(None)).values(must_move=True))


def take_over(operation: Operation, holder_id: int, address: str, to: str, amount: int) -> None:
    """A move the chain has done and our rows do not know."""
    operation.kind, operation.payload = "move", {"to": to}
    db.session.add(Entry(operation_id=operation.id, holder_id=holder_id, address=address, kind="move", amount=amount, is_open=False))
    db.session.flush()


def in_use(holder_id: int) -> Wallet | None:
    """The wallet at the holder's address of today, or None before he has one."""
    return db.session.scalar(_in_use(holder_id))


def _address(holder_id: int) -> str:
    """Of today: who had one has one."""
    return db.session.scalars(_in_use(holder_id)).one().address


def _in_use(holder_id: int) -> Select[Wallet]:
    return select(Wallet).where(Wallet.holder_id == holder_id, Wallet.replaced_at.is_(None))


def _lock(holder_id: int) -> Holder:
    """As settlement and withdrawals lock him: never two open entries."""
    return db.session.scalars(select(Holder).where(Holder.id == holder_id).with_for_update()).one()
