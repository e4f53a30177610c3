"""TEO that came to a custodial address from outside: seen when mined, credited when final.

The sender is never taken for a member, whoever's address it is."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as audit_found
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Account, Holder, Transfer
from lms.domain.notices import actions as notices
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Deployment, Entry
from lms.domain.wallet import custody, key_replacements
from lms.domain.wallet.models import Deposit

SMALL = 10_000  # millionths of TEO: below it a holder's deposits are one credit a day
MOST = 200  # credits in one transaction, of each kind
MOST_SMALL = 1000  # in one of these credits; the next comes on another day
_SMALL_KEY = "small deposits:"


class TransferLog(Protocol):
    """A Transfer log of the token, `amount` in millionths of TEO."""

    @property
    def tx_hash(self) -> str: ...

    @property
    def log_index(self) -> int: ...

    @property
    def block_number(self) -> int: ...

    @property
    def source(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def amount(self) -> int: ...


def scanned(deployment: Deployment) -> int:
    """The block up to which this deployment's transfers are known, its row locked: one worker scans at a time."""
    rows = select(Deployment.scanned_block).where(Deployment.id == deployment.id).with_for_update()
    return db.session.scalars(rows).one()


def record(deployment: Deployment, transfers: Sequence[TransferLog], last_block: int) -> None:
    """Keep the deposits among these final transfers, once each, and remember how far was scanned."""
    for transfer, holder_id in incoming(transfers):
        _keep(deployment, transfer, holder_id)
    deployment.scanned_block = last_block
    db.session.flush()


def incoming(transfers: Sequence[TransferLog]) -> list[tuple[TransferLog, int]]:
    """Those of the transfers that come to a holder from outside, with his id. Between two addresses of one holder nothing comes: a move of ours, or of
    whoever else has the old key. A member's withdrawal to an address of his own here is one, for it went out before."""
    ours = custody.holders_at({address for transfer in transfers for address in (transfer.source, transfer.target)})
    came = [(transfer, ours[transfer.target]) for transfer in transfers if transfer.target in ours and transfer.amount]  # anybody may send nothing
    within = {transfer.tx_hash for transfer, holder_id in came if ours.get(transfer.source) == holder_id}
    withdrawn = onchain.release_hashes(within) if within else ()
    return [(transfer, holder_id) for transfer, holder_id in came if ours.get(transfer.source) != holder_id or transfer.tx_hash in withdrawn]


def credit() -> set[int]:
    """Credit what waits; the ids of the holders who got something. What the ledger cannot explain is parked with an incident.

    Small ones wait until their day is over, and are one credit of their holder's on a day."""
    credited, today = set[int](), clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    alone, with_small = _waiting(~Deposit.is_parked, Deposit.amount >= SMALL, limit=MOST), _with_small(today)
    _lock({deposit.holder_id for deposit in alone} | {holder_id for holder_id, _ in with_small})
    for deposit in alone:
        credited |= _credit_alone(deposit)
    for holder_id, address in with_small:
        credited |= _credit(holder_id, f"{_SMALL_KEY}{holder_id}:{today.date()}", _waiting(*_small(today), Deposit.holder_id == holder_id, Deposit.address == address, limit=MOST_SMALL))
    return credited


def credit_all() -> None:
    """Credit each that waits, small ones too: `flask chain recover` needs what was there when something left. What could not be explained may be
    now, as long as nobody has looked at it."""
    for deposit in _waiting():
        if not deposit.is_parked or audit_found.is_open("deposit unexplained", _subject(deposit)):
            deposit.is_parked = False
            _credit_alone(deposit)


def waiting() -> dict[str, int]:
    """Millionths of TEO that are recorded and not credited, by address: seen on the chain, not in the ledger."""
    rows = select(Deposit.address, func.sum(Deposit.amount)).where(Deposit.entry_id.is_(None)).group_by(Deposit.address)
    return {address: int(amount) for address, amount in db.session.execute(rows)}


def _keep(deployment: Deployment, transfer: TransferLog, holder_id: int) -> None:
    facts = dict(address=transfer.target, tx_hash=transfer.tx_hash, log_index=transfer.log_index, block_number=transfer.block_number, amount=transfer.amount)
    row = dict(deployment_id=deployment.id, holder_id=holder_id, seen_at=clock.now(), **facts)
    db.session.execute(insert(Deposit).values(row).on_conflict_do_nothing(index_elements=["tx_hash", "log_index"]))


def _waiting(*which: ColumnElement[bool], limit: int | None = None) -> Sequence[Deposit]:
    """Locked. Who wants only some leaves out those that another worker has."""
    rows = select(Deposit).where(Deposit.entry_id.is_(None), *which).order_by(Deposit.id).limit(limit)
    return db.session.scalars(rows.with_for_update(skip_locked=limit is not None)).all()


def _small(today: datetime) -> tuple[ColumnElement[bool], ...]:
    return ~Deposit.is_parked, Deposit.amount < SMALL, Deposit.seen_at < today


def _with_small(today: datetime) -> Sequence[Row[int, str]]:
    """(holder id, address) of whom small deposits wait for, and nothing of the kind was credited today. One with two addresses, as a replaced key is
    moved, gets what came to the other on another day: an entry has one address."""
    is_served = select(Transfer.id).where(Transfer.key == func.concat(_SMALL_KEY, Deposit.holder_id, f":{today.date()}")).exists()
    rows = select(Deposit.holder_id, Deposit.address).where(Deposit.entry_id.is_(None), *_small(today), ~is_served)
    return db.session.execute(rows.ext(distinct_on(Deposit.holder_id)).order_by(Deposit.holder_id, Deposit.id).limit(MOST)).all()


def _lock(holder_ids: Collection[int]) -> None:
    """All accounts of many credits before the first, in the order in which everybody locks: or two would wait for each other."""
    if holder_ids:
        credited = select(Account).where(Account.holder_id.in_(holder_ids), Account.name.in_(("available", "treasury")))
        ledger.lock(books.platform(TEO, "outside"), books.platform(TEO, "releasing"), *db.session.scalars(credited))


def _credit_alone(deposit: Deposit) -> set[int]:
    return _credit(deposit.holder_id, f"deposit:{_subject(deposit)}", [deposit])


def _subject(deposit: Deposit) -> str:
    return f"{deposit.tx_hash}:{deposit.log_index}"


def _credit(holder_id: int, key: str, deposits: Sequence[Deposit]) -> set[int]:
    """One transfer and its entry, born covered; nobody is credited what the outside cannot have had."""
    if not deposits or any(deposit.entry_id for deposit in deposits):
        return set()
    amount = sum(deposit.amount for deposit in deposits)
    holder = db.session.get_one(Holder, holder_id)
    target = books.member(holder.user_id, TEO, "available") if holder.user_id else books.platform(TEO, "treasury")
    outside, releasing = books.platform(TEO, "outside"), books.platform(TEO, "releasing")
    ledger.lock(outside, releasing, target)
    if books.transfer(key):
        return set()  # another worker was first
    if outside.balance < amount <= outside.balance + releasing.balance:
        return set()  # the chain knows a release as final before we do: the next scan decides
    if outside.balance < amount:
        return _park(deposits)
    entry = Entry(holder_id=holder_id, address=deposits[0].address, kind="deposit", amount=amount, is_open=False)
    db.session.add(entry)
    db.session.flush()
    evidence = {"transactions": sorted({deposit.tx_hash for deposit in deposits})}
    transfer = ledger.post(key, outside, target, amount, "deposit", evidence=evidence)
    db.session.get_one(Transfer, transfer.id).target_entry_id = entry.id
    if holder.user_id:
        notices.tell(holder.user_id, "deposit credited", key, amount=amount, **evidence)
    for deposit in deposits:
        deposit.entry_id = entry.id
    db.session.flush()
    key_replacements.expect(entry.address)
    return {holder_id}


def _park(deposits: Iterable[Deposit]) -> set[int]:
    for deposit in deposits:
        deposit.is_parked = True
        audit.open_incident("deposit unexplained", _subject(deposit), amount=deposit.amount, holder=deposit.holder_id)
    db.session.flush()
    return set()
