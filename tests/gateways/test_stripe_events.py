"""Stripe's webhooks: signed with the endpoint's secret, fresh by the real time, and read as our events."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stripe import WebhookSignature

from lms.gateways import stripe_events
from lms.gateways.payments import BadWebhook, Event, Purchase
from lms.gateways.payments_stripe import Stripe
from tests.stripe_books import DUE_BY
from tests.stripe_server import KEY, WEBHOOK_SECRET

NOW = datetime.now(UTC)


@pytest.fixture
def gateway(stripe_server):
    return Stripe(KEY, WEBHOOK_SECRET, stripe_server.url)


@pytest.fixture
def page(stripe_server, gateway):
    """The Checkout Session of order 7."""
    gateway.payment_page(Purchase(7, 8000, "EUR", "How chains work"), "https://school.example.org/orders/7")
    return list(stripe_server.books.sessions.values())[-1]


@pytest.fixture
def told(stripe_server, gateway):
    """told("refund.created", {…}) is the Event of Stripe's event; keywords change the event around the object."""

    def tell(kind, about, **options):
        return gateway.parse_webhook(*stripe_server.webhook(kind, about, **options), NOW)

    return tell


def test_a_page_that_was_paid(stripe_server, page, told):
    session = stripe_server.books.pay(page["id"])
    event = told("checkout.session.completed", session, id="evt_1")
    assert event == Event("evt_1", "payment.succeeded", session["payment_intent"], 7, 8000, "EUR")


def test_money_that_needs_days_is_processing_and_then_there_or_not(stripe_server, page, told):
    session = stripe_server.books.pay(page["id"], "processing")
    assert told("checkout.session.completed", session).kind == "payment.processing"
    assert told("checkout.session.async_payment_failed", session).kind == "payment.failed"
    event = told("checkout.session.async_payment_succeeded", stripe_server.books.arrive(session))
    assert (event.kind, event.reference, event.amount) == ("payment.succeeded", session["payment_intent"], 8000)


def test_a_page_nobody_paid_at_fails_its_order(page, told):
    event = told("checkout.session.expired", page)
    assert (event.kind, event.reference, event.order_id) == ("payment.failed", page["id"], 7)


@pytest.mark.parametrize("kind", ["payment_intent.payment_failed", "charge.failed"])
def test_a_declined_card_fails_nothing_while_the_page_is_open(told, kind):
    assert told(kind, {"id": "pi_1", "amount": 8000, "currency": "eur"}, id="evt_1") == Event("evt_1", kind)


REFUND = {"id": "re_1", "object": "refund", "payment_intent": "pi_1", "charge": "ch_1", "amount": 3000, "currency": "eur", "failure_reason": None}


@pytest.mark.parametrize(
    ("kind", "status", "ours"),
    [
        ("refund.created", "succeeded", "refund.succeeded"),
        ("refund.updated", "succeeded", "refund.succeeded"),
        ("refund.failed", "failed", "refund.failed"),
        ("refund.updated", "canceled", "refund.failed"),
        ("refund.created", "pending", "refund.created"),
    ],
)
def test_what_became_of_a_refund(told, kind, status, ours):
    assert told(kind, REFUND | {"status": status}).kind == ours


def test_a_refund_names_itself_its_payment_and_why_it_failed(told):
    event = told("refund.failed", REFUND | {"status": "failed", "failure_reason": "lost_or_stolen_card"}, id="evt_1")
    assert event == Event("evt_1", "refund.failed", "pi_1", None, 3000, "EUR", refund="re_1", reason="lost_or_stolen_card")


@pytest.mark.parametrize(
    ("kind", "status", "ours"),
    [
        ("charge.dispute.created", "needs_response", "dispute.opened"),
        ("charge.dispute.created", "warning_needs_response", "dispute.opened"),
        ("charge.dispute.funds_withdrawn", "needs_response", "dispute.opened"),
        ("charge.dispute.closed", "lost", "dispute.lost"),
        ("charge.dispute.closed", "won", "dispute.won"),
        ("charge.dispute.closed", "warning_closed", "dispute.won"),
        ("charge.dispute.funds_reinstated", "won", "dispute.won"),
        ("charge.dispute.updated", "under_review", "charge.dispute.updated"),
    ],
)
def test_how_a_dispute_goes_on(stripe_server, page, told, kind, status, ours):
    reference = stripe_server.books.pay(page["id"])["payment_intent"]
    assert told(kind, stripe_server.books.dispute(reference, status)).kind == ours


def test_a_dispute_has_its_fee_and_reason(stripe_server, page, told):
    reference = stripe_server.books.pay(page["id"])["payment_intent"]
    dispute = stripe_server.books.dispute(reference, "lost")
    event = told("charge.dispute.closed", dispute, id="evt_1")
    assert event == Event("evt_1", "dispute.lost", reference, None, 8000, "EUR", dispute=dispute["id"], fee=2000, reason="fraudulent", answer_by=datetime.fromtimestamp(DUE_BY, UTC))


@pytest.mark.parametrize("details", [None, {}, {"due_by": None}, {"due_by": "soon"}, {"due_by": -1}, {"due_by": 10**20}, {"due_by": True}])
def test_one_that_says_not_until_when_it_is_answered_is_taken_all_the_same(stripe_server, page, told, details):
    reference = stripe_server.books.pay(page["id"])["payment_intent"]
    assert told("charge.dispute.created", stripe_server.books.dispute(reference) | {"evidence_details": details}).answer_by is None


def test_a_fee_that_is_given_back_is_none(stripe_server, page, told):
    dispute = stripe_server.books.dispute(stripe_server.books.pay(page["id"])["payment_intent"], "won")
    [taken] = dispute["balance_transactions"]
    back = taken | {"amount": -taken["amount"], "fee": -taken["fee"]}
    assert told("charge.dispute.funds_reinstated", dispute | {"balance_transactions": [taken, back]}).fee == 0


def test_a_dispute_whose_money_is_not_taken_has_no_fee_yet(stripe_server, page, told):
    dispute = stripe_server.books.dispute(stripe_server.books.pay(page["id"])["payment_intent"])
    assert told("charge.dispute.created", dispute | {"balance_transactions": []}).fee == 0
    other = [dispute["balance_transactions"][0] | {"currency": "usd"}]
    assert told("charge.dispute.created", dispute | {"balance_transactions": other}).fee == 0


def test_an_event_we_have_no_use_for_is_taken_without_its_facts(told):
    assert told("invoice.created", {"id": "in_1", "nested": [[[]]] * 400}, id="evt_2") == Event("evt_2", "invoice.created")


# Who may say so


def test_another_secret_is_refused(told):
    with pytest.raises(BadWebhook, match="signature is wrong"):
        told("payout.paid", {}, secret="whsec_" + "of another endpoint of ours....")


@pytest.mark.parametrize("age", [301, 86_400])
def test_a_stale_event_is_refused(told, age):
    with pytest.raises(BadWebhook, match="too old"):
        told("payout.paid", {}, at=int(time.time()) - age)


def test_five_minutes_of_delay_are_allowed(told):
    assert told("payout.paid", {}, at=int(time.time()) - 290).kind == "payout.paid"


def test_a_changed_body_is_refused(stripe_server, gateway, page):
    body, signature = stripe_server.webhook("checkout.session.completed", stripe_server.books.pay(page["id"]))
    assert gateway.parse_webhook(body, signature, NOW).amount == 8000
    with pytest.raises(BadWebhook, match="signature is wrong"):
        gateway.parse_webhook(body.replace(b"8000", b"9000"), signature, NOW)


@pytest.mark.parametrize("signature", ["", "t=", "v1=0", "t=nan,v1=0", "t=1,v1=é", "t=1,v1=\ud800", "t=" + "9" * 5000 + ",v1=0", "t", "=,=,="])
def test_what_is_no_signature_is_refused(gateway, signature):
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(b"{}", signature, NOW)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"null", b"[]", b"1", b'"x"', b"{}", b"[" * 4000, b"[" * 100_000, b'{"id": "evt_1", "livemode": false, "type": "refund.created"}'])
def test_what_is_no_event_is_refused_though_it_is_signed(gateway, body):
    signature = WebhookSignature.generate_signature_header(body.decode("latin-1"), WEBHOOK_SECRET)
    with pytest.raises(BadWebhook):
        gateway.parse_webhook(body, signature, NOW)


@pytest.mark.parametrize(
    "changes",
    [*({"amount_total": amount} for amount in (0, -1, 80.5, "8000", None, True)), {"currency": "euro"}, {"currency": None}, {"payment_intent": 7}],
)
def test_a_payment_that_lacks_a_fact_is_refused(stripe_server, page, told, changes):
    session = stripe_server.books.pay(page["id"])
    with pytest.raises(BadWebhook, match="cannot be read"):
        told("checkout.session.completed", session | changes)


def test_a_payment_of_no_order_of_ours_is_still_told(stripe_server, page, told):
    session = stripe_server.books.pay(page["id"]) | {"metadata": {}, "client_reference_id": None}
    assert (told("checkout.session.completed", session).order_id, told("checkout.session.completed", session).amount) == (None, 8000)


def test_play_money_pays_nothing_where_money_is_real(stripe_server, page):
    body, signature = stripe_server.webhook("checkout.session.completed", stripe_server.books.pay(page["id"]))
    with pytest.raises(BadWebhook):
        Stripe(KEY.replace("test", "live"), WEBHOOK_SECRET, stripe_server.url).parse_webhook(body, signature, NOW)


def test_the_events_of_the_readme_are_those_we_read():
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    named = set(re.findall(r"`((?:checkout\.session|charge|refund)\.[a-z_.]+)`", readme))
    assert named == set(stripe_events.KINDS)
