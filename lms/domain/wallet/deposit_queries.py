"""Deposits as their member sees them."""

from sqlalchemy import select

from lms.db import Page, page_of
from lms.domain.ledger.models import Holder
from lms.domain.wallet.models import Deposit


def of(user_id: int, number: int = 1) -> Page[Deposit]:
    """One page of the member's final deposits, newest first; two statements."""
    rows = select(Deposit).join(Holder, Deposit.holder_id == Holder.id).where(Holder.user_id == user_id)
    return page_of(rows.order_by(Deposit.id.desc()), number)
