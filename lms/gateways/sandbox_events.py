"""The sandbox's events as JSON, written and read. An event's id follows from what it says: sent twice it is the same event."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from lms import clock
from lms.gateways import payment_events
from lms.gateways.payments import BadWebhook, Event

if TYPE_CHECKING:
    from lms.gateways.payments_sandbox import Page

DISPUTE_FEE = 2000  # cents
DEEPEST_EVENT = 500  # objects and lists in one event


def event_body(page: "Page", kind: str, changes: Mapping[str, Any]) -> bytes:
    """What is said of a page's payment, or of the dispute about it, as JSON bytes."""
    purchase = page.purchase
    money = {"amount": purchase.amount + changes.get("amount", 0), "currency": changes.get("currency", purchase.currency).lower()}
    if kind.startswith("dispute."):
        about = {"id": "dp_" + digest(page.reference), "payment": page.reference, "fee": DISPUTE_FEE, "reason": "fraudulent"}
    else:
        about = {"id": page.reference, "metadata": {"order": str(purchase.order_id)}}
    return _body(f"{page.reference} {kind} {changes.get('event', '')}", kind, money | about)


def refund_body(refund: str, reference: str, amount: int) -> bytes:
    """What is said of a refund that was made."""
    about = {"id": refund, "payment": reference, "amount": amount, "currency": "eur", "reason": ""}
    return _body(f"{refund} succeeded", "refund.succeeded", about)


def read(body: bytes) -> Event:
    """The Event in a verified body; raises BadWebhook when it is not one."""
    try:
        if body.count(b"[") + body.count(b"{") > DEEPEST_EVENT:  # nested deep enough it would exhaust the stack
            raise ValueError
        told = json.loads(body, parse_constant=_no_number)
        facts = _facts(told["type"], told["data"]["object"]) if told["type"] in payment_events.FACTS else {}
        return payment_events.event(told["id"], told["type"], facts)
    except (ValueError, KeyError, TypeError):
        raise BadWebhook("The event cannot be read.") from None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _body(says: str, kind: str, about: Mapping[str, Any]) -> bytes:
    now = int(clock.now().timestamp())
    return json.dumps({"id": "evt_" + digest(says), "type": kind, "created": now, "data": {"object": about}}).encode()


def _facts(kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    noun = kind.partition(".")[0]
    if noun == "payment":
        return {**about, "reference": about["id"], "order_id": about.get("metadata")}
    return {**about, "reference": about["payment"], noun: about["id"]}


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
