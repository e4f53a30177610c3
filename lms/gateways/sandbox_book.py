"""What the sandbox has taken and sent back: a file of events, one JSON line each, that web and worker append to."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from lms.errors import Unavailable
from lms.gateways.payments import Event, Refused, Taken

PAGE_CLOSED = "page.closed"
T = TypeVar("T")


class Book:
    """`path` is empty for a sandbox that forgets: it lists nothing, and refunds whatever it is asked to."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    def keep(self, event: Event, at: int) -> None:
        """Append an event that happened at `at` (unix seconds). One told again changes nothing of what is read."""
        if self._path:
            with open(self._path, "a", encoding="ascii") as file:  # one short line is written whole, whoever else appends
                file.write(json.dumps({"at": at, **asdict(event)}) + "\n")

    def payments(self, since: float, until: float) -> list[Taken]:
        """Those taken in [since, until), unix seconds, as Taken."""
        if self._path is None:
            raise Unavailable("This sandbox keeps no list of payments: name a file in PAYMENT_SANDBOX_FILE.")
        taken: dict[str | None, Event] = {}
        refunds: dict[str | None, Event] = {}
        disputed: set[str | None] = set()
        for at, event in self._events():
            if event.kind == "payment.succeeded" and since <= at < until:
                taken.setdefault(event.reference, event)
            elif event.kind == "refund.succeeded":
                refunds[event.refund] = event
            elif event.kind == "dispute.opened":
                disputed.add(event.reference)
        return [_taken(event, refunds.values(), event.reference in disputed) for event in taken.values()]

    def check_refund(self, refund: str, reference: str, amount: int) -> None:
        """Raises Refused for more than is left of a payment, for one never taken, and for a refund made with another amount."""
        if self._path is None:
            return
        known = [event for _, event in self._events() if event.reference == reference]
        paid = next((_there(event.amount) for event in known if event.kind == "payment.succeeded"), 0)
        refunds = {event.refund: _there(event.amount) for event in known if event.kind == "refund.succeeded"}
        if refunds.setdefault(refund, amount) != amount:
            raise Refused("The payment provider refuses this.", "other amount")
        if sum(refunds.values()) > paid:
            raise Refused("The payment provider refuses this.", "more than was paid")

    def is_closed(self, order_id: int) -> bool:
        return any(event.kind == PAGE_CLOSED and event.order_id == order_id for _, event in self._events())

    def _events(self) -> Iterator[tuple[int, Event]]:
        if self._path is None or not self._path.exists():
            return
        with open(self._path, encoding="ascii") as file:
            for line in file:
                facts = json.loads(line)
                yield facts.pop("at"), Event(**facts)


def _taken(event: Event, refunds: Iterable[Event], is_disputed: bool) -> Taken:
    refunded = sum(_there(refund.amount) for refund in refunds if refund.reference == event.reference)
    return Taken(_there(event.reference), event.order_id, _there(event.amount), _there(event.currency), refunded, is_disputed)


def _there(fact: T | None) -> T:
    """What an event of money always says: it was read by payment_events before it was kept."""
    if fact is None:
        raise ValueError("an event of money lacks a fact")
    return fact
