"""What the Stripe of the tests keeps: Checkout Sessions, PaymentIntents with their charges, and refunds; and the rules between them."""

import secrets
import time

from stripe.params import PaymentIntentListParams, RefundCreateParams, RefundListParams
from stripe.params.checkout import SessionCreateParams, SessionExpireParams, SessionListParams

from tests.stripe_params import Wrong, check

LEAST = 50  # cents
DISPUTE_FEE = 2000  # cents
DUE_BY = 1_800_000_000  # until then evidence of each dispute is taken, in Unix seconds


class Books:
    def __init__(self):
        self.sessions, self.intents, self.refunds = {}, {}, {}
        self.refund_status, self.pages = "succeeded", "https://checkout.stripe.com"

    def do(self, method, path, params):
        """The object or list that is answered; raises Wrong."""
        if path.startswith("checkout/sessions/") and path.endswith("/expire"):
            return self._expire(path.split("/")[2], check(params, SessionExpireParams))
        doers = {
            "POST checkout/sessions": (self._open, SessionCreateParams),
            "GET checkout/sessions": (lambda asked: _list("/v1/checkout/sessions", self.sessions, asked), SessionListParams),
            "GET payment_intents": (self._intents, PaymentIntentListParams),
            "POST refunds": (self._refund, RefundCreateParams),
            "GET refunds": (lambda asked: _list("/v1/refunds", self.refunds, asked), RefundListParams),
        }
        if f"{method} {path}" not in doers:
            raise Wrong("resource_missing", None, f"Unrecognized request URL ({method}: /v1/{path}).")
        do, declared = doers[f"{method} {path}"]
        return do(check(params, declared))

    def pay(self, session_id, status="succeeded"):
        """The buyer pays at the page; the session as the webhook tells of it. With "processing" the money is still to come."""
        session = self.sessions[session_id]
        data = session["asked"]["payment_intent_data"]
        charge = {"id": _id("ch"), "object": "charge", "amount_refunded": 0, "disputed": False}
        intent = {"id": _id("pi"), "object": "payment_intent", "created": int(time.time()), "amount": session["amount_total"], "currency": session["currency"]}
        intent |= {"status": status, "metadata": data["metadata"], "latest_charge": charge, "amount_received": 0}
        self.intents[intent["id"]] = intent
        session |= {"status": "complete", "payment_intent": intent["id"], "payment_status": "unpaid"}
        if status == "succeeded":
            self.arrive(session)
        return session

    def arrive(self, session):
        """The money of a payment that was processing is there."""
        intent = self.intents[session["payment_intent"]]
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        session["payment_status"] = "paid"
        return session

    def dispute(self, intent_id, status="needs_response"):
        intent = self.intents[intent_id]
        intent["latest_charge"]["disputed"] = True
        booked = {"id": _id("txn"), "object": "balance_transaction", "amount": -intent["amount"], "currency": intent["currency"], "fee": DISPUTE_FEE}
        facts = {"amount": intent["amount"], "currency": intent["currency"], "payment_intent": intent_id, "charge": intent["latest_charge"]["id"]}
        return {"id": _id("dp"), "object": "dispute", "reason": "fraudulent", "status": status, "balance_transactions": [booked], "metadata": {}, "evidence_details": {"due_by": DUE_BY}} | facts

    def _open(self, asked):
        for needed in ("mode", "line_items", "success_url"):
            if needed not in asked:
                raise Wrong("parameter_missing", needed, f"Missing required param: {needed}.")
        total = sum(item["quantity"] * item["price_data"]["unit_amount"] for item in asked["line_items"])
        if total < LEAST:
            raise Wrong("amount_too_small", None, "The Checkout Session's total amount due must add up to at least €0.50 eur.")
        ends = asked.get("expires_at", int(time.time()) + 86_400)
        if not 1800 <= ends - time.time() <= 86_401:
            raise Wrong("parameter_invalid", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
        session = {"id": _id("cs_test"), "object": "checkout.session", "created": int(time.time()), "expires_at": ends, "status": "open", "asked": asked}
        session |= {"amount_total": total, "currency": asked["line_items"][0]["price_data"]["currency"], "payment_intent": None, "payment_status": "unpaid"}
        session |= {"client_reference_id": asked.get("client_reference_id"), "metadata": asked.get("metadata", {}), "livemode": False}
        session["url"] = f"{self.pages}/c/pay/{session['id']}"
        self.sessions[session["id"]] = session
        return session

    def _expire(self, session_id, _):
        session = self.sessions[session_id]
        if session["status"] != "open":
            raise Wrong(None, None, f"This Checkout Session has a status of {session['status']} and can't be expired.")
        session["status"] = "expired"
        return session

    def _refund(self, asked):
        intent = self.intents.get(asked.get("payment_intent"))
        if intent is None:
            raise Wrong("resource_missing", "payment_intent", "No such payment_intent")
        charge, amount = intent["latest_charge"], asked.get("amount", 0)
        if charge["amount_refunded"] == intent["amount"]:
            raise Wrong("charge_already_refunded", None, "Charge has already been refunded.")
        if not 0 < amount <= intent["amount"] - charge["amount_refunded"]:
            raise Wrong("parameter_invalid", "amount", "Refund amount is greater than unrefunded amount on charge")
        charge["amount_refunded"] += amount
        refund = {"id": _id("re"), "object": "refund", "created": int(time.time()), "amount": amount, "currency": intent["currency"], "status": self.refund_status}
        refund |= {"payment_intent": intent["id"], "charge": charge["id"], "metadata": asked.get("metadata", {}), "failure_reason": None}
        self.refunds[refund["id"]] = refund
        return refund

    def _intents(self, asked):
        """The charge is an id unless it is asked for whole."""
        found = _list("/v1/payment_intents", self.intents, asked)
        if "data.latest_charge" not in asked.get("expand", ()):
            found["data"] = [intent | {"latest_charge": intent["latest_charge"]["id"]} for intent in found["data"]]
        return found


def _list(url, kept, asked):
    """One page, newest first, of those that have what is asked for."""
    after, created = asked.get("starting_after"), asked.get("created", {})
    exact = {name: value for name, value in asked.items() if name in ("payment_intent", "status")}
    rows = [row for row in reversed(kept.values()) if all(row[name] == value for name, value in exact.items())]
    rows = [row for row in rows if created.get("gte", 0) <= row["created"] < created.get("lt", 2**40)]
    begin = [row["id"] for row in rows].index(after) + 1 if after else 0
    limit = asked.get("limit", 10)
    if not 1 <= limit <= 100:
        raise Wrong("parameter_invalid", "limit", "Limit can range between 1 and 100")
    return {"object": "list", "url": url, "data": rows[begin : begin + limit], "has_more": len(rows) > begin + limit}


def _id(prefix):
    return f"{prefix}_{secrets.token_hex(12)}"
