"""Events of a payment gateway: signed, fresh, and read with distrust."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from lms.errors import Unavailable
from lms.gateways import payments
from lms.gateways.payments import BadWebhook, Event, NoGateway, Purchase
from lms.gateways.payments_sandbox import Page, Sandbox
from lms.gateways.sandbox_cards import CARDS
from lms.gateways.sandbox_events import event_body

SECRET = "a secret of the gateway and of us alone"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
UNIX = int(NOW.timestamp())
PURCHASE = Purchase(7, 8000, "EUR", "How chains work")


@pytest.fixture
def sandbox():
    return Sandbox(SECRET, "http://127.0.0.1:1")


def body(**changes):
    payment = dict(id="pay_1", amount=8000, currency="eur", metadata={"order": "7"}) | changes
    return json.dumps({"id": "evt_1", "type": "payment.succeeded", "created": UNIX, "data": {"object": payment}}).encode()


def parse(sandbox, content, at=UNIX, now=NOW):
    return sandbox.parse_webhook(content, payments.sign(SECRET, content, at), now)


def test_a_signed_event_is_read(sandbox):
    assert parse(sandbox, body()) == Event("evt_1", "payment.succeeded", "pay_1", 7, 8000, "EUR")


def test_the_signature_is_the_one_openssl_makes():
    """printf '1.{}' | openssl dgst -sha256 -hmac secret"""
    assert payments.sign("secret", b"{}", 1) == "t=1,v1=1122767b193110cfec322b6f199b599edbf608ed087f2d27afb0b97d99523908"


def test_any_of_several_signatures_counts_while_the_secret_is_changed(sandbox):
    old, new = payments.sign("another secret", body(), UNIX), payments.sign(SECRET, body(), UNIX)
    assert sandbox.parse_webhook(body(), f"{old},{new.split(',')[1]}", NOW).id == "evt_1"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=,v1=",
        f"t={UNIX}",
        f"t={UNIX},v1=",
        f"t={UNIX},v1={'0' * 64}",
        f"t={UNIX},v0=" + payments.sign(SECRET, body(), UNIX).split("v1=")[1],
        payments.sign("another secret", body(), UNIX),
        payments.sign(SECRET, body(amount=1), UNIX),
        payments.sign(SECRET, body(), UNIX - 1).replace(str(UNIX - 1), str(UNIX)),
        payments.sign(SECRET, body(), UNIX) + f",t={UNIX}",
        "t=nan,v1=é",
        f"t={UNIX},v1=é\ud800",
        "t=" + "9" * 5000 + ",v1=0",
    ],
)
def test_a_forged_signature_is_refused(sandbox, signature):
    with pytest.raises(BadWebhook):
        sandbox.parse_webhook(body(), signature, NOW)


@pytest.mark.parametrize("age", [-301, 301, 86_400])
def test_a_stale_event_is_refused(sandbox, age):
    with pytest.raises(BadWebhook, match="too old"):
        parse(sandbox, body(), UNIX - age)


@pytest.mark.parametrize("age", [-299, 0, 299])
def test_five_minutes_of_delay_are_allowed(sandbox, age):
    assert parse(sandbox, body(), UNIX - age).id == "evt_1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"[" * 100_000,
        b'{"id": "evt_1", "type": "payment.succeeded"}',
        b'{"id": "evt_1", "type": "payment.succeeded", "data": []}',
        b'{"id": "evt_1", "type": "payment.succeeded", "data": {"object": [1]}}',
        b'{"id": 1, "type": "payment.succeeded", "data": {"object": {}}}',
        b'{"id": "evt\\u0000", "type": "payout.paid"}',
        b'{"id": "evt_1", "type": ["payment.succeeded"]}',
        body().replace(b"8000", b"NaN"),
        body().replace(b"8000", b"Infinity"),
        body().replace(b"8000", b"1e400"),
        body().replace(b"8000", b"8000.0"),
        body().replace(b"8000", b"9" * 5000),
        *(body(amount=amount) for amount in (0, -1, True, None, "8000", [8000], 100_000_000, 2**63, 2**200)),
        *(body(currency=currency) for currency in ("", "EURO", "€€€", None, 3)),
        *(body(id=reference) for reference in ("", None, 1, "a b", "pay\x00", "p" * 201, "pay\n")),
    ],
)
def test_what_is_no_event_is_refused(sandbox, content):
    with pytest.raises(BadWebhook, match="cannot be read"):
        parse(sandbox, content)


@pytest.mark.parametrize("metadata", [{}, None, [], {"order": None}, {"order": "7; DROP"}, {"order": "-7"}, {"order": "0"}, {"order": "2147483648"}, {"order": "٧"}, {"order": 7.5}])
def test_a_payment_that_names_no_order_of_ours_is_still_told(sandbox, metadata):
    event = parse(sandbox, body(metadata=metadata))
    assert (event.order_id, event.amount) == (None, 8000)


def test_a_payment_without_metadata_is_still_told(sandbox):
    event = json.loads(body())
    del event["data"]["object"]["metadata"]
    assert parse(sandbox, json.dumps(event).encode()).order_id is None


def test_an_event_about_something_else_is_taken_without_its_facts(sandbox):
    assert parse(sandbox, b'{"id": "evt_2", "type": "payout.paid"}') == Event("evt_2", "payout.paid")


@pytest.mark.parametrize("kind", ["refund.succeeded", "refund.failed"])
def test_a_refund_names_itself_and_its_payment(sandbox, kind):
    event = parse(sandbox, about(kind, id="re_1", reason="lost_or_stolen_card"))
    assert event == Event("evt_1", kind, "pay_1", None, 8000, "EUR", refund="re_1", reason="lost_or_stolen_card")


@pytest.mark.parametrize("kind", ["dispute.opened", "dispute.won", "dispute.lost"])
def test_a_dispute_names_itself_its_payment_and_its_fee(sandbox, kind):
    event = parse(sandbox, about(kind, id="dp_1", fee=2000, reason="fraudulent"))
    assert event == Event("evt_1", kind, "pay_1", None, 8000, "EUR", dispute="dp_1", fee=2000, reason="fraudulent")


def test_a_fee_nobody_tells_is_none_and_a_reason_that_is_no_word_is_left_out(sandbox):
    event = parse(sandbox, about("dispute.opened", id="dp_1", reason="<script>"))
    assert (event.fee, event.reason) == (0, "")


@pytest.mark.parametrize("changes", [{"payment": None}, {"id": 7}, {"amount": 0}, {"amount": "8000"}, {"fee": -1}, {"fee": 1.5}, {"fee": True}, {"currency": None}])
def test_a_dispute_that_lacks_a_fact_is_refused(sandbox, changes):
    with pytest.raises(BadWebhook, match="cannot be read"):
        parse(sandbox, about("dispute.lost", **{"id": "dp_1", "fee": 0} | changes))


def about(kind, **facts):
    facts = {"payment": "pay_1", "amount": 8000, "currency": "eur"} | facts
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": facts}}).encode()


def test_a_payment_page_is_known_by_its_token_alone(sandbox):
    token = sandbox.payment_page(PURCHASE, "http://127.0.0.1/orders/7").removeprefix("/sandbox/pay/")
    assert sandbox.page(token) == Page(token, PURCHASE, "http://127.0.0.1/orders/7")


def test_a_forged_payment_page_is_none(sandbox):
    token = Sandbox("another secret", "").payment_page(PURCHASE, "http://evil.example").removeprefix("/sandbox/pay/")
    assert sandbox.page(token) is None
    assert sandbox.page("nonsense") is None


def test_an_address_says_nothing_of_the_buyer(sandbox):
    known = dataclasses.replace(PURCHASE, email="ana@example.org", key="order:7", expires_at=NOW)
    token = sandbox.payment_page(known, "/orders/7").rsplit("/", 1)[1]
    assert sandbox.page(token).purchase == dataclasses.replace(PURCHASE, expires_at=NOW)


def test_the_same_page_has_one_payment(sandbox):
    first, second = (sandbox.page(sandbox.payment_page(PURCHASE, "/orders/7").rsplit("/", 1)[1]) for _ in range(2))
    other = sandbox.page(sandbox.payment_page(Purchase(8, 8000, "EUR", "How chains work"), "/orders/8").rsplit("/", 1)[1])
    assert first.reference == second.reference != other.reference


def said(sandbox, name):
    page = sandbox.page(sandbox.payment_page(PURCHASE, "/orders/7").rsplit("/", 1)[1])
    card = next(card for card in CARDS.values() if card.name == name)
    return [parse(sandbox, event_body(page, kind, changes)) for _, kind, changes in card.says]


def test_what_the_cards_say(sandbox):
    assert [event.kind for event in said(sandbox, "succeeds")] == ["payment.succeeded"]
    assert [event.kind for event in said(sandbox, "declined")] == ["payment.failed"]
    assert [event.kind for event in said(sandbox, "failed_first")] == ["payment.failed", "payment.succeeded"]
    assert [event.kind for event in said(sandbox, "processing_last")] == ["payment.succeeded", "payment.processing"]
    assert [event.amount for event in said(sandbox, "wrong_amount")] == [7999]
    assert [event.currency for event in said(sandbox, "wrong_currency")] == ["USD"]
    assert [event.kind for event in said(sandbox, "disputed")] == ["payment.succeeded", "dispute.opened", "dispute.lost"]
    assert [event.kind for event in said(sandbox, "dispute_won")] == ["payment.succeeded", "dispute.opened", "dispute.won"]


def test_a_dispute_is_one_from_beginning_to_end(sandbox):
    paid, opened, lost = said(sandbox, "disputed")
    assert opened.dispute == lost.dispute
    assert {opened.reference, lost.reference} == {paid.reference}
    assert (lost.amount, lost.fee, lost.reason) == (8000, 2000, "fraudulent")


def test_twice_is_one_event_twice_and_another_about_the_same_payment(sandbox):
    events = said(sandbox, "twice")
    assert events[0] == events[1]
    assert events[2].id != events[0].id
    assert {event.reference for event in events} == {events[0].reference}


def test_without_a_gateway_nothing_is_paid_and_nothing_believed():
    with pytest.raises(Unavailable):
        NoGateway().payment_page(PURCHASE, "/")
    with pytest.raises(BadWebhook):
        NoGateway().parse_webhook(body(), payments.sign("", body(), UNIX), NOW)
    with pytest.raises(Unavailable):
        NoGateway().refund("k1", "pay_1", 8000)
    with pytest.raises(Unavailable):
        NoGateway().payments(NOW, NOW)


def test_a_moved_clock_does_not_make_the_sandbox_stale(sandbox):
    with pytest.raises(BadWebhook):
        parse(sandbox, body(), UNIX, NOW + timedelta(days=15))
