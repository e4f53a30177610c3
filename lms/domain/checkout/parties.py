"""Whose a sale is: no admin decides about his own."""

from lms.errors import Forbidden


def obstacle(order, by):
    """The refusal (a DomainError, not raised) of an admin who bought or sold it, or None."""
    is_his = order is not None and by.id in (order.buyer_id, order.teacher_id)
    return Forbidden("You bought or sold it yourself: another admin decides.") if is_his else None


def check(order, by):
    """Raises that refusal."""
    if refusal := obstacle(order, by):
        raise refusal
