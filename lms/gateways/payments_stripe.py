"""Stripe, by its own SDK: Checkout pages, refunds, and what it has taken."""

import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import stripe
from stripe import RequestOptions

from lms import clock
from lms.gateways import payment_events, stripe_events
from lms.gateways.payments import Event, Purchase, Refunded, Refused, Taken
from lms.gateways.stripe_client import TIMEOUT, client, errors

if TYPE_CHECKING:
    from stripe.params import PaymentIntentListParamsCreated, RefundCreateParams
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItemPriceData

# Stripe closes no page before half an hour from its making, and we make it when we are asked: an order's time ends sooner, by `expire`.
PAGE_OUTLIVES_ORDER = timedelta(minutes=35)
LONGEST_PAGE = timedelta(hours=24)
SLOWEST_PAYMENT = timedelta(days=14)  # from the buyer's word to the money: Stripe lists payments by the former, a bank takes days
# Of the ways to pay euros those whose money needs days, while an order waits half an hour for it: the buyer would pay what is closed by then.
DELAYED = ("customer_balance", "multibanco", "sepa_debit", "sofort")
_PAGE = 100  # rows of a list in one answer, the most there is
_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}

log = logging.getLogger(__name__)


class Stripe:
    """Its times are real ones, whatever our clock was moved by. Payments are named by their PaymentIntent."""

    name = "stripe"
    is_open = True
    signature_header = "Stripe-Signature"

    def __init__(self, key: str, webhook_secret: str, api: str = stripe.DEFAULT_API_BASE) -> None:
        self._v1 = client(key, api.rstrip("/"), TIMEOUT).v1
        self._secret, self._is_live = webhook_secret, "_live_" in key

    def payment_page(self, purchase: Purchase, return_url: str) -> str:
        """A buyer who has changed his address or language meanwhile gets a page of his own: a key stands for one body."""
        params = _session(purchase, return_url)
        with errors("payment page"):
            url = self._v1.checkout.sessions.create(params, _once(purchase.key or f"order:{purchase.order_id}", params)).url
        if url is None:
            raise Refused("The payment provider refuses this.", "no address")
        return url

    def expire(self, order_id: int) -> None:
        with errors("open pages"):
            since = int((_real(clock.now()) - LONGEST_PAGE).timestamp())
            pages = self._v1.checkout.sessions.list({"status": "open", "created": {"gte": since}, "limit": _PAGE})
            ours = [page.id for page in pages.auto_paging_iter() if page.client_reference_id == str(order_id)]
        for page in ours:
            self._close(page)

    def refund(self, key: str, reference: str, amount: int) -> Refunded:
        """Stripe forgets a key after a day, and repeats a failure under it until then: our own is looked for first."""
        with errors("refund"):
            made = self._refund_of(key, reference)
            if made is None:
                params: RefundCreateParams = {"payment_intent": reference, "amount": amount, "metadata": {"key": key}}
                made = self._v1.refunds.create(params, _once(key, params))
        if made.amount != amount:
            raise Refused("The payment provider refuses this.", "other amount")
        return Refunded(made.id, _STATES.get(made.status or "", "pending"))

    def payments(self, since: datetime, until: datetime) -> Iterator[Taken]:
        begun: PaymentIntentListParamsCreated = {
            "gte": int(_real(since - SLOWEST_PAYMENT).timestamp()),
            "lt": int(_real(until).timestamp()),
        }
        with errors("list of payments"):
            intents = self._v1.payment_intents.list({"created": begun, "limit": _PAGE, "expand": ["data.latest_charge"]})
            for intent in intents.auto_paging_iter():
                if intent.status == "succeeded":
                    yield _taken(intent)

    def parse_webhook(self, body: bytes, signature: str, now: datetime) -> Event:
        """`now` is not asked: Stripe signs by the real time, and so does its SDK look at it."""
        return stripe_events.read(body, signature, self._secret, self._is_live)

    def _close(self, page: str) -> None:
        try:
            with errors("closing a page"):
                self._v1.checkout.sessions.expire(page)
        except Refused:  # it was paid, or it ended by itself, since it was listed
            log.info("stripe page was not open any longer")

    def _refund_of(self, key: str, reference: str) -> stripe.Refund | None:
        made = self._v1.refunds.list({"payment_intent": reference, "limit": _PAGE}).auto_paging_iter()
        return next((refund for refund in made if _metadata(refund).get("key") == key), None)


def _session(purchase: Purchase, return_url: str) -> "SessionCreateParams":
    """The parameters of a Checkout Session: `order` stands on it and on its payment, as either may be all that an event holds."""
    price: SessionCreateParamsLineItemPriceData = {
        "currency": purchase.currency.lower(),
        "unit_amount": purchase.amount,
        "product_data": {"name": purchase.description},
    }
    ours = {"order": str(purchase.order_id)}
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": str(purchase.order_id),
        "metadata": ours,
        "payment_intent_data": {"metadata": ours, "description": purchase.description},
        "excluded_payment_method_types": list(DELAYED),
        "adaptive_pricing": {"enabled": False},  # an order is paid in its own currency
        "locale": purchase.locale,
        "success_url": return_url,
        "cancel_url": return_url,
    }
    if purchase.email:
        params["customer_email"] = purchase.email
    if purchase.expires_at:
        params["expires_at"] = int((_real(purchase.expires_at) + PAGE_OUTLIVES_ORDER).timestamp())
    return params


def _once(key: str, params: "SessionCreateParams | RefundCreateParams") -> RequestOptions:
    """What makes Stripe do it once. It refuses a key that it knows with other parameters, so they are part of it."""
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:24]
    return {"idempotency_key": f"{key}:{digest}"}


def _taken(intent: stripe.PaymentIntent) -> Taken:
    charge: Any = intent.latest_charge  # written out, as it was asked for
    order_id = payment_events.order_id(_metadata(intent))
    return Taken(intent.id, order_id, intent.amount_received, intent.currency.upper(), charge.amount_refunded, charge.disputed)


def _metadata(thing: stripe.PaymentIntent | stripe.Refund) -> dict[str, str]:
    return thing.metadata.to_dict() if thing.metadata else {}


def _real(moment: datetime) -> datetime:
    """The real time at which our clock shows this."""
    return moment - clock.ahead()
