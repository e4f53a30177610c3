"""Admins told of what waits for them."""

from lms.db import transaction
from lms.domain.desk import admin_notices


def tell_admins():
    """Run by the clock; what was told already is told no more."""
    with transaction():
        admin_notices.tell_of_cases()
        admin_notices.tell_of_incidents()
