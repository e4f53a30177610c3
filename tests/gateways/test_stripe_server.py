"""The Stripe of the tests is as strict as the real one: or what passes here would fail there."""

import time

import pytest
import requests
import stripe

from tests.stripe_server import KEY

BACK = "https://school.example.org/orders/7"


def ask(stripe_server, path, form, key=KEY, **headers):
    headers = {"Authorization": f"Bearer {key}", "Stripe-Version": stripe.api_version, "Idempotency-Key": "k1"} | headers
    answer = requests.post(f"{stripe_server.url}/v1/{path}", data=form, headers=headers, timeout=5)
    return answer.status_code, answer.json().get("error")


SESSION = {"mode": "payment", "success_url": BACK, "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "eur"}
SESSION |= {"line_items[0][price_data][unit_amount]": "8000", "line_items[0][price_data][product_data][name]": "How chains work"}


def test_the_server_takes_what_stripe_takes(stripe_server):
    assert ask(stripe_server, "checkout/sessions", SESSION) == (200, None)


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"order": "7"}, "parameter_unknown", "order"),
        ({"api_key": KEY}, "parameter_unknown", "api_key"),
        ({"payment_intent_data[order]": "7"}, "parameter_unknown", "payment_intent_data[order]"),
        ({"line_items[0][price_data][price]": "1"}, "parameter_unknown", "line_items[0][price_data][price]"),
        ({"line_items[0][price_data][unit_amount]": "80.00"}, "parameter_invalid", "line_items[0][price_data][unit_amount]"),
        ({"mode": "pay"}, "parameter_invalid", "mode"),
        ({"metadata": "7"}, "parameter_invalid", "metadata"),
        ({"adaptive_pricing[enabled]": "False"}, "parameter_invalid", "adaptive_pricing[enabled]"),
        ({"locale": "xx"}, "parameter_invalid", "locale"),
        ({"expires_at": str(int(time.time()) + 60)}, "parameter_invalid", "expires_at"),
        ({"line_items[0][price_data][currency]": None}, "parameter_missing", "line_items[0][price_data][currency]"),
        ({"mode": None}, "parameter_missing", "mode"),
    ],
)
def test_the_server_refuses_what_stripe_refuses(stripe_server, changes, code, param):
    form = {name: value for name, value in (SESSION | changes).items() if value is not None}
    status, error = ask(stripe_server, "checkout/sessions", form)
    assert (status, error["code"], error["param"]) == (400, code, param)
    assert stripe_server.books.sessions == {}


def test_the_server_knows_a_key_by_its_body(stripe_server):
    ask(stripe_server, "checkout/sessions", SESSION)
    assert ask(stripe_server, "checkout/sessions", SESSION) == (200, None)
    assert ask(stripe_server, "checkout/sessions", SESSION | {"locale": "it"})[1]["type"] == "idempotency_error"
    assert len(stripe_server.books.sessions) == 1


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer sk_test_of_somebody_else"}, {"Stripe-Version": "2015-10-16"}, {"Idempotency-Key": ""}])
def test_the_server_looks_at_the_headers(stripe_server, headers):
    assert ask(stripe_server, "checkout/sessions", SESSION, **headers)[0] in (400, 401)
