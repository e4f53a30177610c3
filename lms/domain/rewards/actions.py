"""Rewards granted within the caps, and lots that become available."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select, text

from lms import clock
from lms.db import Facts, db
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Account, Transfer
from lms.domain.notices import actions as notices
from lms.domain.rewards.models import Grant, Lot
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rewards import Room
from lms.domain.rulebook.rules import Rules


def grant(
    key: str,
    user_id: int,
    kind: str,
    amount: int,
    rules: Rules,
    matures_at: datetime,
    *,
    course_id: int | None = None,
    payer_id: int | None = None,
    evidence: Facts | None = None,
) -> Grant | None:
    """Credit `amount` millionths of TEO, reckoned by these `rules`, once per key; what is above the caps in force today is deferred. None for nothing.

    It comes out of what `payer_id` (None: the member himself) paid for the course.

    The transfer names the version of the amount, its evidence that of the caps too."""
    if amount == 0:
        return None
    found = db.session.scalar(select(Grant).where(Grant.key == key))
    if found:
        return found
    target = _target(user_id, matures_at)
    room = _room(user_id, target)
    evidence = (evidence or {}) | {"rule_version": rules.number} | _limits(room, amount)
    facts = dict(user_id=user_id, payer_id=payer_id or user_id, course_id=course_id, kind=kind, rule_version=rules.number, matures_at=matures_at, evidence=evidence)
    now, later = room.granted(amount), room.deferred(amount)
    if later:
        _defer(f"{key}:rest" if now else key, user_id, later, facts)
    if not now:
        return None
    granted = Grant(key=key, amount=now, day=_today(), **facts)
    db.session.add(granted)
    return _credit(granted, target)


def _defer(key: str, user_id: int, amount: int, facts: Facts) -> None:
    """What is above today's caps waits for tomorrow, and the member hears of it."""
    db.session.add(Grant(key=key, amount=amount, day=_tomorrow(), **facts))
    _tell_deferred(user_id, amount)
    db.session.flush()


def grant_deferred(grant_id: int) -> int | None:
    """Grant today what an earlier day's cap deferred; what is still too much waits another day. Answers the member's id when it did."""
    deferred = db.session.scalars(select(Grant).where(Grant.id == grant_id).with_for_update()).one()
    if not deferred.is_deferred or deferred.taken_back_at or deferred.day > _today():
        return None
    target = _target(deferred.user_id, deferred.matures_at)
    room = _room(deferred.user_id, target)
    deferred.evidence = deferred.evidence | _limits(room, deferred.amount) | {"waited": True}
    now, later = room.granted(deferred.amount), room.deferred(deferred.amount)
    if later:
        _tell_deferred(deferred.user_id, later)
    if not now:
        deferred.day = _tomorrow()
        db.session.flush()
        return None
    if later:
        rest = {name: getattr(deferred, name) for name in ("user_id", "payer_id", "course_id", "kind", "rule_version", "matures_at", "evidence")}
        db.session.add(Grant(key=f"{deferred.key}:rest", amount=later, day=_tomorrow(), **rest))
    deferred.amount, deferred.day = now, _today()
    _credit(deferred, target)
    return deferred.user_id


def keep_maturing(transfer: Transfer, user_id: int, matures_at: datetime) -> None:
    """What a credit to a maturing account left there becomes available at that moment."""
    db.session.add(Lot(transfer_id=transfer.id, user_id=user_id, amount=accounts.left_of(transfer), matures_at=matures_at))
    db.session.flush()


def lock_accounts(user_ids: Iterable[int], matures_at: datetime) -> None:
    """For grants to several members in one transaction, in the one order in which everybody locks."""
    ledger.lock(accounts.platform(TEO, "issuance"), *(_target(user_id, matures_at) for user_id in user_ids))


def lock_course(payer_id: int, course_id: int) -> Sequence[Grant]:
    """The grants to anybody out of this purchase of the course that were not taken back, locked: before any account, as who grants what was deferred locks."""
    rows = select(Grant).where(Grant.payer_id == payer_id, Grant.course_id == course_id, Grant.taken_back_at.is_(None))
    rows = rows.order_by(Grant.id).with_for_update().execution_options(populate_existing=True)
    db.session.scalars(rows).all()
    return db.session.scalars(rows).all()  # again: who granted a part of one, and was waited for, has added the rest


def take_back_all(grants: Iterable[Grant], reason: str, order_id: int, **evidence: object) -> None:
    """These grants are their members' no more: what was credited goes back, what a cap deferred is credited never. Their keys stay used.

    The order's number is evidence for who bought only: it would tell reviewers whose work it was."""
    for grant_ in grants:
        is_payers = grant_.user_id == grant_.payer_id
        if grant_.transfer:
            take_back(grant_.transfer, reason, **({"order": order_id} if is_payers else {}), **evidence)
        if grant_.transfer and not is_payers:  # who gave the course back knows it
            notices.tell(grant_.user_id, "reward taken back", f"grant:{grant_.id}", amount=grant_.amount, course=evidence["course"], lesson=grant_.evidence["lesson"])
        grant_.taken_back_at = clock.now()
    db.session.flush()


def take_back(transfer: Transfer, reason: str, **evidence: object) -> None:
    """What a credit brought a member goes back to where it came from, once: out of what matures of it, then out of what else he has; the rest he owes."""
    user_id = transfer.target.user_id
    if user_id is None:
        raise ValueError("only a member gives back what he was credited")
    parts = [accounts.member(user_id, transfer.asset, name) for name in ("maturing", "available")]
    ledger.lock(*parts, transfer.source)
    lot = db.session.get(Lot, transfer.id, with_for_update=True, populate_existing=True)
    maturing = lot if lot is not None and lot.matured_id is None else None
    because = evidence | transfer.as_evidence | {"reverses": transfer.key}
    debts.take_back(
        f"{transfer.key}:back",
        parts if maturing else parts[::-1],
        transfer.source,
        transfer.amount,
        reason,
        evidence=because,
        rule_version=transfer.rule_version,
    )
    if maturing:
        maturing.amount = 0
    fit_lots(user_id)


def mature(transfer_id: int) -> int | None:
    """Make one due lot available; doing it twice does it once. Answers the member's id when it did."""
    lot = db.session.get_one(Lot, transfer_id)
    source, target = (accounts.member(lot.user_id, lot.transfer.asset, name) for name in ("maturing", "available"))
    ledger.lock(source, target)  # accounts before lots, as who takes back and then fits the lots
    db.session.refresh(lot, with_for_update=True)
    if lot.matured_id or not lot.amount or lot.matures_at > clock.now():
        return None
    lot.matured_id = ledger.post(f"lot:{lot.transfer_id}:matured", source, target, lot.amount, "matured", evidence=_origin(lot.transfer), rule_version=lot.transfer.rule_version).id
    if lot.transfer.asset == TEO:
        notices.tell_sum(lot.user_id, "teo matured", _today(), lot.amount)
    db.session.flush()
    return lot.user_id


def _origin(credit: Transfer) -> Facts:
    """What became available, as it was credited."""
    about = {name: credit.evidence[name] for name in ("course", "order") if name in credit.evidence}
    return about | credit.as_evidence | {"lot": credit.key}


def fit_lots(user_id: int | None = None) -> None:
    """Lots hold no more than what is maturing, of this member or of all: what was taken from there comes off the newest.

    In the transaction that took it, whose locks on the accounts keep it right."""
    db.session.flush()
    db.session.execute(_FIT, {"user": user_id})
    db.session.expire_all()


def _target(user_id: int, matures_at: datetime) -> Account:
    """The maturing account, or the available one when the refund window is already past."""
    return accounts.member(user_id, TEO, "maturing" if matures_at > clock.now() else "available")


def _credit(granted: Grant, target: Account) -> Grant:
    transfer = ledger.post(
        f"grant:{granted.key}",
        accounts.platform(TEO, "issuance"),
        target,
        granted.amount,
        granted.kind,
        evidence=granted.evidence,
        rule_version=granted.rule_version,
    )
    if target.name == "maturing":
        keep_maturing(transfer, granted.user_id, granted.matures_at)
    granted.transfer_id = transfer.id
    db.session.flush()
    return granted


def _room(user_id: int, target: Account) -> Room:
    """The Room of today for the member, by the rules in force: a cap is of a day, not of a purchase. The lock on issuance lets one grant decide at a time.

    Only the account that is credited is locked with it: a lot that matures meanwhile locks both of the member's, in id order."""
    ledger.lock(accounts.platform(TEO, "issuance"), target)
    today = select(func.coalesce(func.sum(Grant.amount), 0)).where(Grant.day == _today(), Grant.transfer_id.is_not(None))
    everyone = int(db.session.scalars(today).one())
    own = int(db.session.scalars(today.where(Grant.user_id == user_id)).one())
    return rulebook.in_force().room(own, everyone)


def _limits(room: Room, wanted: int) -> Facts:
    """The evidence of a grant that wanted so much of the room there was."""
    return {"caps": asdict(room) | {"wanted": wanted, "deferred": room.deferred(wanted)}}


def _tell_deferred(user_id: int, amount: int) -> None:
    """One notice a member and day: a day of learning may bring many rewards above the cap."""
    notices.tell_sum(user_id, "reward deferred", _today(), amount, day=_tomorrow().isoformat())


def _today() -> date:
    return clock.now().astimezone(UTC).date()


def _tomorrow() -> date:
    return _today() + timedelta(days=1)


# A lot keeps what the older ones leave of the account.
_FIT = text("""
    UPDATE lots SET amount = fitted.amount FROM (
        SELECT l.transfer_id, greatest(0, least(l.amount, a.balance + l.amount - sum(l.amount) OVER (PARTITION BY a.id ORDER BY l.transfer_id)))::bigint AS amount
        FROM lots l JOIN transfers t ON t.id = l.transfer_id
        JOIN accounts a ON a.user_id = l.user_id AND a.asset = t.asset AND a.name = 'maturing'
        WHERE l.matured_id IS NULL AND l.amount > 0 AND (CAST(:user AS integer) IS NULL OR l.user_id = :user)
    ) fitted WHERE fitted.transfer_id = lots.transfer_id AND fitted.amount < lots.amount""")
