"""How often somebody may try. Counted in Redis, in memory while Redis is down."""

import hashlib
import math
import time
from contextlib import contextmanager

from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user


class ViewLimiter(Limiter):
    """Limits stand on views, which ask for themselves: no request looks for those of the application, no response for headers."""

    def init_app(self, app):
        super().init_app(app)
        app.after_request_funcs[None].pop()
        app.teardown_request_funcs[None].pop()  # it clears what ends with the request anyway

    def _check_request_limit(self, callable_name=None, in_middleware=True):
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


limiter = ViewLimiter(get_remote_address)


def typed_account():
    """The account an unknown person tries, by the address typed; hashed, since Redis need not know it."""
    address = _one_spelling(request.form.get("email", "").strip()).lower()
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()


def _one_spelling(typed):
    """As the forms read it: one domain may be written with other letters a thousand ways, each with tries of its own."""
    try:
        return validate_email(typed, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return typed


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
