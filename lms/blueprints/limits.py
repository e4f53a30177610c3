"""How often somebody may try. Counted in Redis, in memory while Redis is down."""

import hashlib
import math
import time
from contextlib import contextmanager

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

limiter = Limiter(get_remote_address)


def typed_account():
    """The account an unknown person tries, by the address typed; hashed, since Redis need not know it."""
    address = request.form.get("email", "").strip().lower()
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()


def logged_in_member():
    return str(current_user.id)


@contextmanager
def evenly(step=0.5):
    """Take a whole number of steps (seconds) whatever happens inside: the time tells nobody whether an address is known."""
    begin = time.monotonic()
    try:
        yield
    finally:
        taken = time.monotonic() - begin
        time.sleep(math.ceil(taken / step) * step - taken)
