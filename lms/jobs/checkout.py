"""What happens to orders and sales by the passing of time."""

from lms import live
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries, splits
from lms.jobs import one_by_one
from lms.queue import enqueue


def expire():
    """Orders nobody paid."""
    for order_id, buyer_id in one_by_one.each(_expire, queries.expiring()):
        if buyer_id:
            enqueue("payments.close_page", order_id)
            live.push(buyer_id, f"receipt:{order_id}", *live.BALANCE)


def decide():
    """Sales about whose TEO the teacher has said nothing."""
    for _, teacher_id in one_by_one.each(_decide, queries.undecided()):
        if teacher_id:
            live.push(teacher_id, "sales", *live.BALANCE)
            enqueue("settlement.settle")


def keep():
    """TEO that teachers declined, of sales that are for good."""
    list(one_by_one.each(splits.keep_declined, queries.declined()))


def _expire(order_id):
    """The buyer's id when it was."""
    order = checkout.expire(order_id)
    return order and order.buyer_id


def _decide(order_id):
    """The teacher's id when it was decided."""
    order = splits.decide_due(order_id)
    return order and order.teacher_id
