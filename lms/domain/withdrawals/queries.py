"""Withdrawals found. Amounts in millionths of TEO."""

from collections.abc import Collection, Sequence

from sqlalchemy import Row, exists, or_, select, text, union_all
from sqlalchemy.orm import joinedload

from lms.db import Page, db, page_of
from lms.domain.accounts.models import User
from lms.domain.ledger.models import Holder, Transfer
from lms.domain.onchain.models import Operation
from lms.domain.wallet import custody
from lms.domain.wallet.models import Wallet
from lms.domain.withdrawals import halt
from lms.domain.withdrawals.models import Withdrawal


def of(user_id: int, number: int = 1) -> Page[Withdrawal]:
    """One page of the member's withdrawals, newest first, each with its operation; two statements."""
    rows = select(Withdrawal).where(Withdrawal.user_id == user_id).options(joinedload(Withdrawal.operation))
    return page_of(rows.order_by(Withdrawal.id.desc()), number)


def last_of(user_id: int, but: int, limit: int = 10) -> Sequence[Withdrawal]:
    """The member's last withdrawals, newest first, each with its operation, but for this one."""
    rows = select(Withdrawal).where(Withdrawal.user_id == user_id, Withdrawal.id != but).options(joinedload(Withdrawal.operation))
    return db.session.scalars(rows.order_by(Withdrawal.id.desc()).limit(limit)).all()


def own(user_id: int, withdrawal_id: int) -> Withdrawal | None:
    """The member's own withdrawal, or None."""
    return db.session.scalar(select(Withdrawal).where(Withdrawal.id == withdrawal_id, Withdrawal.user_id == user_id))


def in_review(withdrawal_ids: Collection[int]) -> Sequence[int]:
    """Those of these ids that wait for an admin."""
    return db.session.scalars(select(Withdrawal.id).where(Withdrawal.id.in_(withdrawal_ids), Withdrawal.state == "in review").order_by(Withdrawal.id)).all() if withdrawal_ids else []


def checking() -> Sequence[int]:
    """Ids of those no job has looked at, oldest first."""
    return db.session.scalars(select(Withdrawal.id).where(Withdrawal.state == "checking").order_by(Withdrawal.id)).all()


def waiting(after: int, limit: int) -> Sequence[int]:
    """Ids of those that wait for an admin, so many of those above the id `after`, oldest first."""
    rows = select(Withdrawal.id).where(Withdrawal.state == "in review", Withdrawal.id > after)
    return db.session.scalars(rows.order_by(Withdrawal.id).limit(limit)).all()


def approved() -> Sequence[int]:
    """Ids of all whose release can be queued by what stands here, oldest first: however many cannot, they keep nobody waiting. None while payouts are stopped."""
    if halt.is_stopped():
        return []
    return db.session.scalars(_MAY_GO.where(*custody.can_release(Holder.id, Withdrawal.amount)).order_by(Withdrawal.id)).all()


def held_up() -> Sequence[Row[int, int]]:
    """(id of the member, id of the withdrawal) of those that nobody has to look at any more and no signer has seen: what stops payouts stops these."""
    on_the_way = select(Withdrawal.user_id, Withdrawal.id)
    waiting = on_the_way.where(or_(Withdrawal.state == "checking", Withdrawal.state == "approved"))
    unsigned = on_the_way.join(Withdrawal.operation).where(Operation.state == "queued")
    return db.session.execute(union_all(waiting, unsigned)).all()


def is_batch_awaited() -> bool:
    """Whether an approved one, whose member does not want to wait for the regular batch, needs one that can be opened now."""
    unsettled = or_(
        exists().where(Transfer.target_holder_id == Holder.id, Transfer.target_entry_id.is_(None)),
        exists().where(Transfer.source_holder_id == Holder.id, Transfer.source_entry_id.is_(None)),
    )
    has_wallet = exists().where(Wallet.holder_id == Holder.id, Wallet.replaced_at.is_(None))
    can_settle = text(custody.CAN_SETTLE.format(holder="holders.id"))
    return db.session.scalars(select(_MAY_GO.where(Withdrawal.is_prompt, unsettled, has_wallet, can_settle).exists())).one()


def why_withheld(operation: Operation) -> str | None:
    """Why a release that was queued shall not be signed any more, or None: its member was suspended since, or froze his wallet."""
    rows = select(User.suspended_at).join(Withdrawal, Withdrawal.user_id == User.id).where(Withdrawal.operation_id == operation.id)
    shut = db.session.execute(rows.where(User.is_shut)).one_or_none()
    return shut and ("the member was suspended before it was signed" if shut.suspended_at else "the member froze his wallet before it was signed")


def released_by(operation_ids: Collection[int]) -> Sequence[Row[int, int]]:
    """(id of the member, id of the withdrawal) of these operations."""
    return db.session.execute(select(Withdrawal.user_id, Withdrawal.id).where(Withdrawal.operation_id.in_(operation_ids))).all()


def withdrawal(withdrawal_id: int) -> Withdrawal | None:
    """With its member, or None."""
    return db.session.scalar(select(Withdrawal).where(Withdrawal.id == withdrawal_id).options(joinedload(Withdrawal.user)))


_MAY_GO = (
    select(Withdrawal.id)
    .join(User, Withdrawal.user_id == User.id)
    .join(Holder, Holder.user_id == User.id)
    .where(Withdrawal.state == "approved", ~User.is_shut)
)
