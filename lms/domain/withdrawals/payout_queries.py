"""Payouts found."""

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import Page, db, page_of
from lms.domain.withdrawals.bank_file_models import BankFile, BankFileLine
from lms.domain.withdrawals.payout_models import OPEN, Payout, PayoutDecision


def of_member(user_id: int, number: int = 1) -> Page[Payout]:
    """One page of the member's payouts, newest first; a fixed number of statements."""
    return page_of(select(Payout).where(Payout.user_id == user_id).options(joinedload(Payout.details)).order_by(Payout.id.desc()), number)


def payout(payout_id: int) -> Payout | None:
    """With its member, its details, what admins decided and the file it is in, or None."""
    in_file = joinedload(Payout.line).joinedload(BankFileLine.file).joinedload(BankFile.by)
    return db.session.scalar(select(Payout).where(Payout.id == payout_id).options(*_WHOLE, in_file))


def open_ones(number: int = 1) -> Page[Payout]:
    """One page of those that need an admin: in review first, then approved, then at the bank, oldest first."""
    first = case((Payout.state == "in review", 0), (Payout.state == "approved", 1), else_=2)
    return page_of(select(Payout).where(Payout.state.in_(OPEN)).options(*_WHOLE).order_by(first, Payout.id), number)


def closed(number: int = 1) -> Page[Payout]:
    """One page of those that are over, newest first."""
    return page_of(CLOSED.options(*_WHOLE), number)


def counts() -> dict[str, int]:
    """{state: how many} of those that need an admin."""
    rows = select(Payout.state, func.count()).where(Payout.state.in_(OPEN)).group_by(Payout.state)
    return dict(db.session.execute(rows).all())


CLOSED = select(Payout).where(Payout.state.not_in(OPEN)).order_by(Payout.ended_at.desc(), Payout.id.desc())
_WHOLE = (joinedload(Payout.user), joinedload(Payout.details), selectinload(Payout.decisions).joinedload(PayoutDecision.by))
