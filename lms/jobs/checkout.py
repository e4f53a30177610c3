"""What happens to orders and sales by the passing of time."""

from lms import live
from lms.db import transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries, splits
from lms.queue import enqueue


def expire():
    """Orders nobody paid."""
    for order_id in queries.expiring():
        with transaction():
            order = checkout.expire(order_id)
            buyer_id = order and order.buyer_id
        if buyer_id:
            enqueue("payments.close_page", order_id)
            live.push(buyer_id, f"receipt:{order_id}", "balance_chip", "balance", "activity")


def decide():
    """Sales about whose TEO the teacher has said nothing."""
    for order_id in queries.undecided():
        with transaction():
            order = splits.decide_due(order_id)
            teacher_id = order and order.teacher_id
        if teacher_id:
            live.push(teacher_id, "sales", "balance_chip", "balance", "activity")
            enqueue("settlement.settle")


def keep():
    """TEO that teachers declined, of sales that are for good."""
    for order_id in queries.declined():
        with transaction():
            splits.keep_declined(order_id)
