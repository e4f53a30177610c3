"""What a payment gateway is: a page where the buyer pays, refunds, a list of what was taken, and signed events that say what became of it."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lms.errors import DomainError, Unavailable

OLDEST_EVENT = 300  # seconds between the signature's time and ours
LARGEST_BODY = 256 * 1024  # bytes; an event of a dispute holds all the evidence that was sent in


class BadWebhook(DomainError):
    """The event is forged, stale or malformed: nobody who may tell us about money said this."""

    status = 400


class Refused(DomainError):
    """The gateway says no, and will say so again: nothing happened. `code` is the gateway's own word, for logs and admins.

    What may be tried again with the same key is an Unavailable, after which nobody knows yet whether it happened."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Purchase:
    """What the buyer is asked to pay: `amount` in cents, VAT included.

    `key` names the purchase to the gateway (the order does, without one), `email` and `locale` save the buyer from saying them again."""

    order_id: int
    amount: int
    currency: str
    description: str
    expires_at: datetime | None = None
    key: str = ""
    email: str = ""
    locale: str = "auto"


@dataclass(frozen=True)
class Event:
    """What a gateway says. Amounts are cents; `reference` is always the payment's, as refunds and the list name it.

    A payment (payment.processing, .succeeded, .failed) has order_id, None for one that is none of ours; a refund (refund.succeeded, .failed) has
    `refund`; a dispute (dispute.opened, .won, .lost) has `dispute`, the gateway's `fee` so far, and `answer_by`, until when evidence is taken, where
    that is known. `reason` says in a word of the gateway's why.
    One thing may be told by several events with ids of their own, in any order. Any other kind carries nothing but its name."""

    id: str
    kind: str
    reference: str | None = None
    order_id: int | None = None
    amount: int | None = None
    currency: str | None = None
    refund: str | None = None
    dispute: str | None = None
    fee: int | None = None
    reason: str = ""
    answer_by: datetime | None = None


@dataclass(frozen=True)
class Refunded:
    """What became of a refund: `state` is pending, succeeded or failed. Of one that is pending an event says how it ends."""

    reference: str
    state: str


@dataclass(frozen=True)
class Taken:
    """A payment as the gateway's own books have it. `refunded` in cents; `disputed` stays true however the dispute ends."""

    reference: str
    order_id: int | None
    amount: int
    currency: str
    refunded: int
    disputed: bool


class Gateway(Protocol):
    """Each call may raise Unavailable (try again with the same key) or Refused, and takes seconds: never make one inside a transaction."""

    name: str
    is_open: bool
    signature_header: str

    def payment_page(self, purchase: Purchase, return_url: str) -> str:
        """The address where the buyer pays; afterwards he is sent to `return_url`, which proves nothing. The same purchase is the same page."""

    def expire(self, order_id: int) -> None:
        """Close the payment pages of an order. What is being paid at this moment is still told by an event."""

    def refund(self, key: str, reference: str, amount: int) -> Refunded:
        """Send so many cents of a payment back, once per key for ever; a Refunded."""

    def payments(self, since: datetime, until: datetime) -> Iterator[Taken]:
        """Each payment that arrived in [since, until), as Taken, in no order; some that arrived a little before or after may be among them."""

    def parse_webhook(self, body: bytes, signature: str, now: datetime) -> Event:
        """The Event in `body` (bytes); raises BadWebhook unless the gateway signed it not more than five minutes ago."""


class NoGateway:
    """Payments are not open: nothing can be bought, and no event is believed."""

    name = "none"
    is_open = False
    signature_header = "Payment-Signature"

    def payment_page(self, purchase: Purchase, return_url: str) -> str:
        raise Unavailable("Payments are not open yet.")

    def expire(self, order_id: int) -> None:
        """There is no page to close."""

    def refund(self, key: str, reference: str, amount: int) -> Refunded:
        raise Unavailable("Payments are not open yet.")

    def payments(self, since: datetime, until: datetime) -> Iterator[Taken]:
        raise Unavailable("Payments are not open yet.")

    def parse_webhook(self, body: bytes, signature: str, now: datetime) -> Event:
        raise BadWebhook("Payments are not open yet.")


def sign(secret: str, body: bytes, at: int) -> str:
    """The header of a signed event: `t=<unix>,v1=<HMAC-SHA256 of "<unix>.<body>">`."""
    return f"t={at},v1={_mac(secret, str(at), body)}"


def verify(secret: str, body: bytes, signature: str, now: int) -> None:
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


def _mac(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
