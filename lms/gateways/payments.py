"""What a payment gateway is: a page where the buyer pays, and signed events that say what became of it."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Protocol

from lms.errors import DomainError, Unavailable

PAYMENT_EVENTS = ("payment.processing", "payment.succeeded", "payment.failed")
OLDEST_EVENT = 300  # seconds between the signature's time and ours, either way
LARGEST_BODY = 64 * 1024  # bytes
DEEPEST_EVENT = 500  # objects and lists in one event
LARGEST_AMOUNT = 99_999_999  # cents; gateways take eight digits
LARGEST_ORDER = 2**31 - 1

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class BadWebhook(DomainError):
    """The event is forged, stale or malformed: nobody who may tell us about money said this."""

    status = 400


@dataclass(frozen=True)
class Purchase:
    """What the buyer is asked to pay: `amount` in cents, VAT included."""

    order_id: int
    amount: int
    currency: str
    description: str


@dataclass(frozen=True)
class Event:
    """What a gateway says. The facts of a payment are None in an event about something else; so is an order it cannot name."""

    id: str
    kind: str
    reference: str | None = None
    order_id: int | None = None
    amount: int | None = None
    currency: str | None = None


class Gateway(Protocol):
    name: str
    is_open: bool

    def payment_page(self, purchase, return_url):
        """The address where the buyer pays; afterwards he is sent to `return_url`, which proves nothing."""

    def parse_webhook(self, body, signature, now):
        """The Event in `body` (bytes); raises BadWebhook unless the gateway signed it within five minutes of `now`."""


class NoGateway:
    """Payments are not open: nothing can be bought, and no event is believed."""

    name = "none"
    is_open = False

    def payment_page(self, purchase, return_url):
        raise Unavailable("Payments are not open yet.")

    def parse_webhook(self, body, signature, now):
        raise BadWebhook("Payments are not open yet.")


def sign(secret, body, at):
    """The header of a signed event: `t=<unix>,v1=<HMAC-SHA256 of "<unix>.<body>">`."""
    return f"t={at},v1={_mac(secret, str(at), body)}"


def verify(secret, body, signature, now):
    """Raises BadWebhook unless `signature` was made with the secret, for this body, within five minutes of `now` (unix seconds)."""
    parts = [part.partition("=") for part in signature.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]):
        raise BadWebhook("The signature has no time.")
    expected = _mac(secret, times[0], body).encode()
    if not any(hmac.compare_digest(expected, value.encode(errors="replace")) for name, _, value in parts if name == "v1"):
        raise BadWebhook("The signature is wrong.")
    if abs(now - int(times[0])) > OLDEST_EVENT:
        raise BadWebhook("The signature is too old.")


def read(body):
    """The Event in a verified body; raises BadWebhook when it is not one."""
    try:
        if body.count(b"[") + body.count(b"{") > DEEPEST_EVENT:  # nested deep enough it would exhaust the stack
            raise ValueError
        event = json.loads(body, parse_constant=_no_number)
        kind, event_id = _text(event["type"]), _text(event["id"])
        return Event(event_id, kind, **_payment(event["data"]["object"])) if kind in PAYMENT_EVENTS else Event(event_id, kind)
    except (ValueError, KeyError, TypeError):
        raise BadWebhook("The event cannot be read.") from None


def _mac(secret, at, body):
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _payment(payment):
    return dict(
        reference=_text(payment["id"]),
        order_id=_order_id(payment.get("metadata")),
        amount=_amount(payment["amount"]),
        currency=_text(payment["currency"], _CURRENCY).upper(),
    )


def _order_id(metadata):
    """The order named in the metadata; None for none of ours: its money must still be kept."""
    named = str(metadata.get("order", "")) if isinstance(metadata, dict) else ""
    return int(named) if re.fullmatch(r"[0-9]{1,10}", named) and 0 < int(named) <= LARGEST_ORDER else None


def _amount(amount):
    if type(amount) is not int or not 0 < amount <= LARGEST_AMOUNT:
        raise ValueError("an amount is a whole number of cents above zero")
    return amount


def _text(value, shape=_NAME):
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ValueError("a name of letters and digits")
    return value


def _no_number(text):
    raise ValueError(f"{text} is no number")
