"""TEO that came to a custodial address from outside: seen when mined, credited when final.

The sender is never taken for a member, whoever's address it is."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.audit import actions as audit
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import TEO, Holder, Transfer
from lms.domain.onchain.models import Deployment, Entry
from lms.domain.wallet.models import Deposit, Wallet

SMALL = 10_000  # millionths of TEO: below it a holder's deposits of a day are one credit


def scanned(deployment):
    """The block up to which this deployment's transfers are known, its row locked: one worker scans at a time."""
    rows = select(Deployment.scanned_block).where(Deployment.id == deployment.id).with_for_update()
    return db.session.scalars(rows).one()


def record(deployment, transfers, last_block):
    """Keep the deposits among these final transfers, once each, and remember how far was scanned."""
    wallets = {wallet.address: wallet.holder_id for wallet in _wallets({transfer.target for transfer in transfers})}
    for transfer in transfers:
        if transfer.target in wallets:
            _keep(deployment, transfer, wallets[transfer.target])
    deployment.scanned_block = last_block
    db.session.flush()


def credit():
    """Credit what waits; the ids of the holders who got something. What the ledger cannot explain is parked with an incident."""
    credited = set()
    for deposit in _due():
        day = deposit.seen_at.date()
        if deposit.amount >= SMALL:
            credited |= _credit(deposit.holder_id, f"deposit:{deposit.tx_hash}:{deposit.log_index}", [deposit])
        elif day < clock.now().date():
            credited |= _credit(deposit.holder_id, f"deposits:{deposit.holder_id}:{day}", _small(deposit.holder_id, day))
    return credited


def waiting():
    """Millionths of TEO that are recorded and not credited, by address: seen on the chain, not in the ledger."""
    rows = select(Wallet.address, func.sum(Deposit.amount)).join(Wallet, Wallet.holder_id == Deposit.holder_id)
    return {address: int(amount) for address, amount in db.session.execute(rows.where(Deposit.entry_id.is_(None)).group_by(Wallet.address))}


def _keep(deployment, transfer, holder_id):
    facts = dict(tx_hash=transfer.tx_hash, log_index=transfer.log_index, block_number=transfer.block_number, amount=transfer.amount)
    row = dict(deployment_id=deployment.id, holder_id=holder_id, seen_at=clock.now(), **facts)
    db.session.execute(insert(Deposit).values(row).on_conflict_do_nothing(index_elements=["tx_hash", "log_index"]))


def _wallets(addresses):
    return db.session.scalars(select(Wallet).where(Wallet.address.in_(addresses)))


def _due():
    rows = select(Deposit).where(Deposit.entry_id.is_(None), ~Deposit.is_parked).order_by(Deposit.id).limit(200)
    return db.session.scalars(rows.with_for_update(skip_locked=True)).all()


def _small(holder_id, day):
    rows = select(Deposit).where(Deposit.holder_id == holder_id, Deposit.entry_id.is_(None), Deposit.amount < SMALL, ~Deposit.is_parked)
    return [deposit for deposit in db.session.scalars(rows.with_for_update()) if deposit.seen_at.date() == day]


def _credit(holder_id, key, deposits):
    """One transfer and its entry, born covered; nobody is credited what the outside cannot have had."""
    if not deposits or any(deposit.entry_id for deposit in deposits):
        return set()
    amount = sum(deposit.amount for deposit in deposits)
    holder = db.session.get_one(Holder, holder_id)
    target = books.member(holder.user_id, TEO, "available") if holder.user_id else books.platform(TEO, "treasury")
    outside, releasing = books.platform(TEO, "outside"), books.platform(TEO, "releasing")
    ledger.lock(outside, releasing, target)
    if outside.balance < amount <= outside.balance + releasing.balance:
        return set()  # the chain knows a release as final before we do: the next scan decides
    if outside.balance < amount:
        return _park(deposits)
    entry = Entry(holder_id=holder_id, address=_address(holder_id), kind="deposit", amount=amount, is_open=False)
    db.session.add(entry)
    db.session.flush()
    evidence = {"transactions": sorted({deposit.tx_hash for deposit in deposits})}
    transfer = ledger.post(key, outside, target, amount, "deposit", evidence=evidence)
    db.session.get_one(Transfer, transfer.id).target_entry_id = entry.id
    for deposit in deposits:
        deposit.entry_id = entry.id
    db.session.flush()
    return {holder_id}


def _park(deposits):
    for deposit in deposits:
        deposit.is_parked = True
        audit.open_incident("deposit unexplained", f"{deposit.tx_hash}:{deposit.log_index}", amount=deposit.amount, holder=deposit.holder_id)
    db.session.flush()
    return set()


def _address(holder_id):
    return db.session.scalars(select(Wallet.address).where(Wallet.holder_id == holder_id)).one()
