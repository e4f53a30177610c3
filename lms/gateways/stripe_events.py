"""Stripe's webhooks as our events. Which ones to subscribe to: README, "Payments"."""

from collections.abc import Callable
from typing import Any

import stripe

from lms.gateways import payment_events
from lms.gateways.payments import OLDEST_EVENT, BadWebhook, Event

Thing = dict[str, Any]  # as Stripe writes it
Told = tuple[str | None, dict[str, Any]]  # kind of our event, its facts

MOST_PARTS = 5000  # objects and lists in one event: nested without end they would exhaust the stack
_PAID = {"paid": "payment.succeeded", "unpaid": "payment.processing"}
_REFUNDS = {"succeeded": "refund.succeeded", "failed": "refund.failed", "canceled": "refund.failed"}
# An inquiry of the bank that came to nothing ends as a warning closed.
_ENDS = {"lost": "dispute.lost", "won": "dispute.won", "warning_closed": "dispute.won"}


def read(body: bytes, signature: str, secret: str, is_live: bool) -> Event:
    """The Event in `body`; raises BadWebhook. One of a kind we have no use for keeps Stripe's name for it."""
    told = _verified(body, signature, secret)
    try:
        if told["livemode"] is not is_live:
            raise ValueError("play money in the real place, or the other way round")
        about = told["data"]["object"]
        kind, facts = KINDS.get(told["type"], _nothing)(told["type"], about)
        return payment_events.event(told["id"], kind or told["type"], facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadWebhook("The event cannot be read.") from None


def _verified(body: bytes, signature: str, secret: str) -> dict[str, Any]:
    """The event as a dict. The SDK looks at the signature before it reads anything; what else it raises comes of a body or header that is none."""
    try:
        if body.count(b"[") + body.count(b"{") > MOST_PARTS:
            raise ValueError
        told: dict[str, Any] = stripe.Webhook.construct_event(body, signature, secret, OLDEST_EVENT).to_dict()
        return told
    except stripe.SignatureVerificationError as error:
        is_old = "tolerance" in (error.user_message or "")
        raise BadWebhook("The signature is too old." if is_old else "The signature is wrong.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadWebhook("The event cannot be read.") from None


def _completed(kind: str, session: Thing) -> Told:
    """The buyer has done his part: some ways to pay need days from there on."""
    return _PAID.get(session["payment_status"]), _of_session(session)


def _succeeded(kind: str, session: Thing) -> Told:
    return "payment.succeeded", _of_session(session)


def _failed(kind: str, session: Thing) -> Told:
    """For good. A card that was declined is not told: the page is still open, and the buyer may take another."""
    return "payment.failed", _of_session(session)


def _of_session(session: Thing) -> Thing:
    facts = {"amount": session["amount_total"], "currency": session["currency"], "order_id": session.get("metadata")}
    return facts | {"reference": _id(session.get("payment_intent")) or session["id"]}  # a page nobody paid at has no payment


def _refund(kind: str, refund: Thing) -> Told:
    facts = {"refund": refund["id"], "reason": refund.get("failure_reason")}
    return _REFUNDS.get(refund["status"]), facts | _money_back(refund)


def _dispute_opened(kind: str, dispute: Thing) -> Told:
    """Told again when the money is taken, which an inquiry does not do at once."""
    return "dispute.opened", _of_dispute(dispute)


def _dispute_closed(kind: str, dispute: Thing) -> Told:
    """Of one that was won told again when the money is back, with what is left of the fee."""
    return _ENDS.get(dispute["status"]), _of_dispute(dispute)


def _of_dispute(dispute: Thing) -> Thing:
    fees = [booked["fee"] for booked in dispute.get("balance_transactions") or () if booked["currency"] == dispute["currency"]]
    answer_by = (dispute.get("evidence_details") or {}).get("due_by")
    return {"dispute": dispute["id"], "reason": dispute["reason"], "fee": max(0, sum(fees)), "answer_by": answer_by} | _money_back(dispute)


def _money_back(about: Thing) -> Thing:
    return {"reference": _id(about.get("payment_intent")) or _id(about["charge"]), "amount": about["amount"], "currency": about["currency"]}


def _id(thing: Any) -> Any:
    """The id of what is named or, as some endpoints have it, written out."""
    return thing["id"] if isinstance(thing, dict) else thing


def _nothing(kind: str, about: Thing) -> Told:
    return None, {}


KINDS: dict[str, Callable[[str, Thing], Told]] = {
    "checkout.session.completed": _completed,
    "checkout.session.async_payment_succeeded": _succeeded,
    "checkout.session.async_payment_failed": _failed,
    "checkout.session.expired": _failed,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.dispute.created": _dispute_opened,
    "charge.dispute.funds_withdrawn": _dispute_opened,
    "charge.dispute.closed": _dispute_closed,
    "charge.dispute.funds_reinstated": _dispute_closed,
}
