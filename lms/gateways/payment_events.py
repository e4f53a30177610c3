"""What an event of a gateway must hold, whoever wrote it: each fact is looked at before it is believed."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lms.gateways.payments import Event

LARGEST_AMOUNT = 99_999_999  # cents; gateways take eight digits
LARGEST_ORDER = 2**31 - 1
LATEST = 2**32  # Unix seconds

_PAYMENT = ("reference", "order_id", "amount", "currency")
_REFUND = ("reference", "refund", "amount", "currency", "reason")
_DISPUTE = ("reference", "dispute", "amount", "currency", "fee", "reason", "answer_by")
FACTS = {
    "payment.processing": _PAYMENT,
    "payment.succeeded": _PAYMENT,
    "payment.failed": _PAYMENT,
    "refund.succeeded": _REFUND,
    "refund.failed": _REFUND,
    "dispute.opened": _DISPUTE,
    "dispute.won": _DISPUTE,
    "dispute.lost": _DISPUTE,
}

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


def event(event_id: object, kind: str, facts: Mapping[str, Any]) -> Event:
    """The Event of this kind with the facts it needs, by name; `order_id` is read from the payment's metadata.

    Raises ValueError when a fact is missing or has not its shape. Facts of an unknown kind are not looked at."""
    needed = FACTS.get(_text(kind), ())
    return Event(_text(event_id), kind, **{name: _SHAPES[name](facts.get(name)) for name in needed})


def order_id(metadata: object) -> int | None:
    """The order named in the metadata; None for none of ours: its money must still be kept."""
    named = str(metadata.get("order", "")) if isinstance(metadata, dict) else ""
    return int(named) if re.fullmatch(r"[0-9]{1,10}", named) and 0 < int(named) <= LARGEST_ORDER else None


def _text(value: object, shape: re.Pattern[str] = _NAME) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ValueError("a name of letters and digits")
    return value


def _currency(value: object) -> str:
    return _text(value, _CURRENCY).upper()


def _amount(value: object) -> int:
    return _cents(value, 1)


def _fee(value: object) -> int:
    return _cents(0 if value is None else value, 0)


def _cents(value: object, least: int) -> int:
    if type(value) is not int or not least <= value <= LARGEST_AMOUNT:
        raise ValueError("an amount is a whole number of cents")
    return value


def _reason(value: object) -> str:
    """A word for people and nothing that money depends on: what has another shape is left out."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _moment(value: object) -> datetime | None:
    """From Unix seconds; what has another shape is left out, as no money depends on it."""
    return datetime.fromtimestamp(value, UTC) if type(value) is int and 0 < value < LATEST else None


_SHAPES: dict[str, Callable[[object], Any]] = {
    "reference": _text,
    "refund": _text,
    "dispute": _text,
    "order_id": order_id,
    "amount": _amount,
    "currency": _currency,
    "fee": _fee,
    "reason": _reason,
    "answer_by": _moment,
}
