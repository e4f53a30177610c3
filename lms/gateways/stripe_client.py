"""How Stripe is asked: by its SDK, with limits of ours, and every error as one of ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import requests
import stripe

from lms.errors import Unavailable
from lms.gateways.payments import Refused

TIMEOUT = 8  # seconds to connect, and again for each part of the answer
# Within one call, with the same key: enough for a connection that broke. A buyer shall not wait for more; a job comes again by itself.
RETRIES = 1
# What will be said again, however often it is asked. A wrong key is no such thing: it gets another.
_FINAL = (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError)

log = logging.getLogger(__name__)


@lru_cache(4)
def client(key: str, api: str, timeout: int) -> stripe.StripeClient:
    """One for all requests of a process."""
    stripe.enable_telemetry = False  # it would write a file in the home directory, and tell of the machine
    logging.getLogger("stripe").setLevel(logging.WARNING)  # from DEBUG on it tells what is sent: the buyer's address
    session = requests.Session()
    session.max_redirects = 0  # the key goes nowhere but to the address that the settings name
    http = stripe.RequestsClient(timeout=timeout, session=session)
    return stripe.StripeClient(key, base_addresses={"api": api}, max_network_retries=RETRIES, http_client=http)


@contextmanager
def errors(what: str) -> Iterator[None]:
    """Whatever goes wrong becomes Refused or Unavailable. Of Stripe's words only its codes go on: the rest may quote what was sent."""
    try:
        yield
    except stripe.StripeError as error:
        code = getattr(error.error, "code", None) or type(error).__name__
        facts = {"asked": what, "status": error.http_status, "error": type(error).__name__, "code": code, "request": error.request_id}
        log.warning("stripe did not do it", extra=facts)
        if isinstance(error, _FINAL):
            raise Refused("The payment provider refuses this.", code) from None
        raise Unavailable("The payment provider does not answer. Try again in a minute.") from None
