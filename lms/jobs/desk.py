"""Admins told of what waits for them."""

from lms.db import transaction
from lms.domain.desk import news


def tell_admins():
    """Run by the clock; what was told already is told no more."""
    with transaction():
        news.tell_of_cases()
        news.tell_of_incidents()
