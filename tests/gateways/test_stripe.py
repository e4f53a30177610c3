"""Stripe by its SDK, against a server that refuses what is no parameter of the SDK's own types."""

import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import requests
import stripe

from lms import clock
from lms.errors import Unavailable
from lms.gateways import payments_stripe, stripe_client
from lms.gateways.payments import Purchase, Refunded, Refused, Taken
from lms.gateways.payments_stripe import Stripe
from tests.stripe_server import KEY, WEBHOOK_SECRET

NOW, HOUR = datetime.now(UTC).replace(microsecond=0), timedelta(hours=1)
ORDER_ENDS = NOW + timedelta(minutes=30)
PURCHASE = Purchase(7, 8000, "EUR", "Come funzionano le catene & più", ORDER_ENDS, "order:7", "ana@example.org", "it")
BACK = "https://school.example.org/orders/7"


@pytest.fixture(autouse=True)
def real_time(monkeypatch, tmp_path):
    """A clock that no other test has moved."""
    monkeypatch.setattr(clock, "_ahead_file", str(tmp_path / "clock"))
    monkeypatch.setattr(clock, "_seen", (None, timedelta()))


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """The moments of this test: this file may have been read an hour before it."""
    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + timedelta(minutes=30)
    for name, value in dict(NOW=now, ORDER_ENDS=ends, PURCHASE=replace(PURCHASE, expires_at=ends)).items():
        monkeypatch.setitem(globals(), name, value)


@pytest.fixture
def server(stripe_server, monkeypatch):
    monkeypatch.setattr(payments_stripe, "TIMEOUT", 1)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    return stripe_server


@pytest.fixture
def gateway(server):
    return Stripe(KEY, WEBHOOK_SECRET, server.url)


@pytest.fixture
def paid(server, gateway):
    """The reference of a payment of 80.00 for order 7."""
    return buy(server, gateway)


def buy(server, gateway, order_id=7):
    gateway.payment_page(Purchase(order_id, 8000, "EUR", "How chains work"), BACK)
    return server.books.pay(session(server)["id"])["payment_intent"]


def session(server):
    return list(server.books.sessions.values())[-1]


# The payment page


def test_a_page_asks_for_the_orders_money_and_leads_back(server, gateway):
    assert gateway.payment_page(PURCHASE, BACK) == session(server)["url"]
    assert (session(server)["amount_total"], session(server)["currency"]) == (8000, "eur")
    asked = session(server)["asked"]
    assert asked["line_items"][0]["price_data"]["product_data"] == {"name": "Come funzionano le catene & più"}
    assert (asked["success_url"], asked["cancel_url"]) == (BACK, BACK)
    assert (asked["customer_email"], asked["locale"]) == ("ana@example.org", "it")


def test_page_and_payment_name_the_order(server, gateway):
    gateway.payment_page(PURCHASE, BACK)
    asked = session(server)["asked"]
    assert (asked["client_reference_id"], asked["metadata"], asked["payment_intent_data"]["metadata"]) == ("7", {"order": "7"}, {"order": "7"})


def test_a_way_to_pay_whose_money_needs_days_is_not_offered(server, gateway):
    gateway.payment_page(PURCHASE, BACK)
    assert {"sepa_debit", "customer_balance"} <= set(session(server)["asked"]["excluded_payment_method_types"])
    assert "card" not in session(server)["asked"]["excluded_payment_method_types"]


def test_what_is_not_known_of_the_buyer_is_not_sent(server, gateway):
    gateway.payment_page(Purchase(7, 8000, "EUR", "How chains work"), BACK)
    assert not {"customer_email", "expires_at"} & session(server)["asked"].keys()


def test_a_page_made_in_the_orders_last_second_is_long_enough_for_stripe(server, gateway):
    """Stripe takes no page of less than half an hour; the order's end closes it before."""
    gateway.payment_page(Purchase(7, 8000, "EUR", "How chains work", datetime.now(UTC)), BACK)
    assert 30 * 60 < session(server)["expires_at"] - time.time() < 60 * 60


def test_a_clock_that_was_moved_does_not_move_stripes(server, gateway):
    clock.advance(timedelta(days=40))
    gateway.payment_page(Purchase(7, 8000, "EUR", "How chains work", clock.now()), BACK)
    assert session(server)["expires_at"] - time.time() < 60 * 60
    reference = server.books.pay(session(server)["id"])["payment_intent"]
    assert [taken.reference for taken in gateway.payments(clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))] == [reference]
    assert gateway.parse_webhook(*server.webhook("payout.paid", {}), clock.now()).kind == "payout.paid"


def test_the_same_purchase_is_the_same_page(server, gateway):
    assert gateway.payment_page(PURCHASE, BACK) == Stripe(KEY, WEBHOOK_SECRET, server.url).payment_page(PURCHASE, BACK)
    assert len(server.books.sessions) == 1


def test_who_changed_his_language_can_still_pay(server, gateway):
    gateway.payment_page(PURCHASE, BACK)
    gateway.payment_page(Purchase(7, 8000, "EUR", PURCHASE.description, ORDER_ENDS, "order:7", "ana@example.org", "en"), BACK)
    assert len(server.books.sessions) == 2


def test_the_end_of_an_order_closes_its_pages_and_no_others(server, gateway):
    for order_id in (7, 8, *range(100, 205)):
        gateway.payment_page(Purchase(order_id, 8000, "EUR", "How chains work"), BACK)
    gateway.payment_page(PURCHASE, BACK)
    gateway.expire(7)
    assert {page["client_reference_id"] for page in server.books.sessions.values() if page["status"] == "expired"} == {"7"}
    assert sum(page["status"] == "open" for page in server.books.sessions.values()) == 106


def test_a_page_that_is_paid_at_this_moment_is_left(server, gateway, monkeypatch):
    gateway.payment_page(PURCHASE, BACK)
    expire = server.books._expire
    monkeypatch.setattr(server.books, "_expire", lambda page, asked: (server.books.pay(page), expire(page, asked))[1])
    gateway.expire(7)
    assert session(server)["status"] == "complete"


# What fails, and what is done again


def test_a_page_without_an_address_is_refused(server, gateway, monkeypatch):
    do = server.books.do
    monkeypatch.setattr(server.books, "do", lambda *asked: do(*asked) | {"url": None})
    with pytest.raises(Refused) as refusal:
        gateway.payment_page(PURCHASE, BACK)
    assert refusal.value.code == "no address"


def test_a_parameter_that_stripe_does_not_know_is_refused_for_good(server, gateway, monkeypatch):
    known = payments_stripe._session
    monkeypatch.setattr(payments_stripe, "_session", lambda *args: known(*args) | {"order": "7"})
    with pytest.raises(Refused) as refusal:
        gateway.payment_page(PURCHASE, BACK)
    assert refusal.value.code == "parameter_unknown"
    assert server.books.sessions == {}


@pytest.mark.parametrize("how", ["500", "503", "429", "500 done", "silence"])
def test_a_page_asked_again_after_a_failure_is_one(server, gateway, how):
    server.fail(*[how] * (1 + stripe_client.RETRIES))
    with pytest.raises(Unavailable, match="Try again"):
        gateway.payment_page(PURCHASE, BACK)
    server.mend()
    assert gateway.payment_page(PURCHASE, BACK) == session(server)["url"]
    assert len(server.books.sessions) == 1


@pytest.mark.parametrize("how", ["500", "500 done", "silence"])
def test_a_refund_asked_again_after_a_failure_is_one(server, gateway, paid, how):
    server.fail("", *[how] * (1 + stripe_client.RETRIES))
    with pytest.raises(Unavailable):
        gateway.refund("refund:1", paid, 5000)
    assert gateway.refund("refund:1", paid, 5000).state == "succeeded"
    assert [refund["amount"] for refund in server.books.refunds.values()] == [5000]


def test_a_short_failure_is_mended_within_the_call(server, gateway):
    server.fail("500 done")
    assert gateway.payment_page(PURCHASE, BACK) == session(server)["url"]
    assert (len(server.books.sessions), server.asked["POST /v1/checkout/sessions"]) == (1, 2)


def test_a_server_that_does_not_answer_holds_nobody_for_long(server, gateway, monkeypatch):
    """Each try waits as long as it may and no longer, and little is waited between them: a busy machine gets the rest of the time."""
    waited, request = [], requests.Session.request
    monkeypatch.setattr(requests.Session, "request", lambda *given, **how: waited.append(how["timeout"]) or request(*given, **how))
    server.fail(*["silence"] * 5)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        gateway.payment_page(PURCHASE, BACK)
    assert waited == [payments_stripe.TIMEOUT] * (1 + stripe_client.RETRIES)
    assert time.monotonic() - began < sum(waited) + 8  # this server would wait for a minute
    assert server.asked["POST /v1/checkout/sessions"] == 1 + stripe_client.RETRIES


def test_nobody_listens():
    with pytest.raises(Unavailable):
        Stripe(KEY, WEBHOOK_SECRET, "http://127.0.0.1:1").payment_page(PURCHASE, BACK)


def test_a_wrong_key_may_be_tried_again_when_it_is_mended(server):
    with pytest.raises(Unavailable):
        Stripe("sk_test_" + "of0another0account0", WEBHOOK_SECRET, server.url).payment_page(PURCHASE, BACK)


def test_a_key_that_stood_for_something_else_is_refused_for_good(gateway, monkeypatch):
    monkeypatch.setattr(payments_stripe, "_once", lambda key, params: {"idempotency_key": key})
    gateway.payment_page(PURCHASE, BACK)
    with pytest.raises(Refused):
        gateway.payment_page(Purchase(7, 9000, "EUR", "How chains work", key="order:7"), BACK)


# Refunds


def test_a_refund_sends_back_what_it_is_asked_to(server, gateway, paid):
    answer = gateway.refund("refund:1", paid, 8000)
    assert answer == Refunded(next(iter(server.books.refunds)), "succeeded")
    assert server.books.intents[paid]["latest_charge"]["amount_refunded"] == 8000


@pytest.mark.parametrize(
    ("told", "state"), [("pending", "pending"), ("requires_action", "pending"), ("succeeded", "succeeded"), ("failed", "failed"), ("canceled", "failed")]
)
def test_what_becomes_of_a_refund(server, gateway, paid, told, state):
    server.books.refund_status = told
    assert gateway.refund("refund:1", paid, 8000).state == state


def test_a_key_refunds_once_even_when_stripe_has_forgotten_it(server, gateway, paid):
    first = gateway.refund("refund:1", paid, 3000)
    server.forget_keys()
    assert gateway.refund("refund:1", paid, 3000) == first
    assert len(server.books.refunds) == 1


def test_another_key_is_another_refund(server, gateway, paid):
    assert gateway.refund("refund:1", paid, 3000).reference != gateway.refund("refund:2", paid, 3000).reference


@pytest.mark.parametrize(("key", "amount", "code"), [("refund:1", 4000, "other amount"), ("refund:2", 5001, "parameter_invalid")])
def test_a_refund_that_cannot_be_is_refused_for_good(gateway, paid, key, amount, code):
    gateway.refund("refund:1", paid, 3000)
    with pytest.raises(Refused) as refusal:
        gateway.refund(key, paid, amount)
    assert refusal.value.code == code


def test_a_payment_of_nobody_is_not_refunded(gateway):
    with pytest.raises(Refused) as refusal:
        gateway.refund("refund:1", "pi_unknown", 100)
    assert refusal.value.code == "resource_missing"


# What it has taken


def test_it_lists_what_was_taken_over_all_pages(server, gateway):
    references = {buy(server, gateway, order_id) for order_id in range(1, 131)}
    gateway.refund("refund:1", min(references), 3000)
    server.books.dispute(sorted(references)[1])
    listed = {taken.reference: taken for taken in gateway.payments(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))}
    assert listed.keys() == references
    assert [listed[reference].refunded for reference in sorted(references)[:3]] == [3000, 0, 0]
    assert [listed[reference].disputed for reference in sorted(references)[:3]] == [False, True, False]
    assert server.asked["GET /v1/payment_intents"] == 2


def test_it_lists_what_has_arrived_and_not_what_is_on_its_way(server, gateway, paid):
    gateway.payment_page(PURCHASE, BACK)
    server.books.pay(session(server)["id"], "processing")
    assert list(gateway.payments(NOW - HOUR, NOW + HOUR)) == [Taken(paid, 7, 8000, "EUR", 0, False)]
    assert list(gateway.payments(NOW - 2 * HOUR, NOW - HOUR)) == []


def test_it_lists_a_debit_that_took_days_when_it_has_arrived(server, gateway, paid):
    server.books.intents[paid]["created"] -= 7 * 86_400
    assert [taken.reference for taken in gateway.payments(NOW - HOUR, NOW + HOUR)] == [paid]


def test_a_list_that_breaks_off_is_no_shorter_list(server, gateway, paid):
    server.fail("500", "500")
    with pytest.raises(Unavailable):
        list(gateway.payments(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC)))


# What is said


def test_neither_keys_nor_the_buyer_are_in_logs_and_refusals(server, caplog, monkeypatch):
    """Even at DEBUG, and even where Stripe quotes what was sent."""
    stripe_client.client.cache_clear()
    gateway = Stripe(KEY, WEBHOOK_SECRET, server.url)
    said = []
    with caplog.at_level(logging.DEBUG):
        for how in (["500", "500"], ["silence", "silence"], []):
            server.fail(*how)
            said += refusal(lambda: gateway.payment_page(PURCHASE, BACK))
        said += refusal(lambda: gateway.payment_page(Purchase(8, 1, "EUR", "For ana@example.org"), BACK))
        said += refusal(lambda: Stripe(KEY[:-1] + "x", WEBHOOK_SECRET, server.url).refund("refund:1", "pi_1", 1))
    text = caplog.text + repr([vars(record) for record in caplog.records]) + repr(said)
    assert "stripe did not do it" in text and len(said) == 4
    for secret in (KEY, KEY[8:-1], WEBHOOK_SECRET, "ana@example.org", "ana%40example.org"):
        assert secret not in text


def test_the_sdk_tells_nothing_of_the_machine(server, tmp_path, monkeypatch):
    """By itself it keeps an id of the machine in the home directory and sends it along."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)
    Stripe(KEY, WEBHOOK_SECRET, server.url).payment_page(PURCHASE, BACK)
    assert not (tmp_path / "config").exists()


def refusal(call):
    """What a caller could log of it: the exception as a traceback shows it."""
    try:
        call()
    except (Refused, Unavailable) as error:
        assert error.__cause__ is None and error.__suppress_context__  # noqa: PT017 - it may be refused or not
        return [f"{error} {error.args}"]
    return []


def test_every_body_is_a_form_of_whole_cents(server, gateway, paid):
    gateway.payment_page(PURCHASE, BACK)
    gateway.refund("refund:1", paid, 3000)
    amounts = [parse_qs(body).get(name) for body in server.bodies for name in ("amount", "line_items[0][price_data][unit_amount]")]
    assert [amount for amount in amounts if amount] == [["8000"], ["8000"], ["3000"]]
    assert not any(re.search(r"\d\.\d", body) for body in server.bodies if body)
