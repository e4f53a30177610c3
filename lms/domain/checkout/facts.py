"""What a gateway says, in the form that gateways.payments gives it, and facts that must be there."""

from datetime import datetime
from typing import Protocol

from lms.db import T


class Event(Protocol):
    """Amounts are cents. What its kind does not say is None, as gateways.payments.Event has it."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def order_id(self) -> int | None: ...
    @property
    def amount(self) -> int | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def refund(self) -> str | None: ...
    @property
    def dispute(self) -> str | None: ...
    @property
    def fee(self) -> int | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def answer_by(self) -> datetime | None: ...


class Taken(Protocol):
    """A payment in the gateway's own books, as gateways.payments.Taken has it."""

    @property
    def reference(self) -> str: ...
    @property
    def order_id(self) -> int | None: ...
    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def refunded(self) -> int: ...
    @property
    def disputed(self) -> bool: ...


def there(fact: T | None) -> T:
    """What is there by now: without it nothing may be booked."""
    if fact is None:
        raise ValueError("a fact is missing that must be there")
    return fact
