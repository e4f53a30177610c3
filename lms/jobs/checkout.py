"""Orders nobody paid."""

from lms.db import transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries


def expire():
    for order_id in queries.expiring():
        with transaction():
            checkout.expire(order_id)
