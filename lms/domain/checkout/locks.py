"""In which order those who order, pay, decide and refund lock: what is told of a payment, the buyer, his order, then accounts."""

from sqlalchemy import select

from lms.db import db, in_turn
from lms.domain.accounts.models import User
from lms.domain.checkout.facts import there
from lms.domain.checkout.models import Order


def payment(gateway: str, reference: str) -> None:
    """What a gateway tells of one payment is heard one after the other: of two told at once one sees what the other left, whichever came first."""
    in_turn(f"payment {gateway}:{reference}")


def buyer(user_id: int) -> None:
    """One order at a time for a buyer: neither two tabs nor two payments decide at once.

    Weak enough for rows of others to name him meanwhile: who holds accounts and then writes such a row would deadlock with us."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def order(order_id: int) -> Order:
    """The order as it is now, its buyer and itself locked."""
    return there(order_or_none(order_id))


def order_or_none(order_id: int | None) -> Order | None:
    """The same; None for no such order."""
    buyer_id = db.session.scalar(select(Order.buyer_id).where(Order.id == order_id))
    if buyer_id is None:
        return None
    buyer(buyer_id)
    rows = select(Order).where(Order.id == order_id).with_for_update(key_share=True)
    return db.session.scalar(rows.execution_options(populate_existing=True))
