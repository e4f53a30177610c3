"""The sandbox's payment page, whose webhooks reach us over real HTTP."""

import threading
import time
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from lms import clock
from lms.blueprints.sandbox import forms, views
from lms.config import ConfigError, read
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.payment_models import Payment, WebhookEvent
from lms.domain.wallet import queries as wallet
from lms.errors import Unavailable
from lms.gateways import payment_gateway, payments_sandbox
from lms.gateways.payments import Purchase, Refused, Taken
from lms.gateways.sandbox_cards import CARDS

NUMBERS = {card.name: number for number, card in CARDS.items()}


@pytest.fixture
def served(app, monkeypatch):
    """The site, really served: what the sandbox posts arrives there."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    monkeypatch.setitem(app.config, "BASE_URL", f"http://127.0.0.1:{server.port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def order(ana, course):
    with transaction():
        return checkout.place_order(ana, course, "k1")


@pytest.fixture
def payment_page(served, order, ana, log_in):
    """The buyer's browser on its way to the payment page, and the page's address."""
    client = log_in(ana)
    return client, client.get("/orders/1/pay").location


@pytest.fixture
def book(app, tmp_path, monkeypatch):
    """The sandbox keeps what it has taken, in this file."""
    monkeypatch.setitem(app.config, "PAYMENT_SANDBOX_FILE", str(tmp_path / "payments.jsonl"))
    return tmp_path / "payments.jsonl"


@pytest.fixture
def threads(monkeypatch):
    """The threads that speak for the gateway; the pauses between its words are short."""
    started = []
    pay = payments_sandbox.Sandbox.pay
    monkeypatch.setattr(payments_sandbox.Sandbox, "pay", lambda *args: started.append(pay(*args)))
    monkeypatch.setattr(payments_sandbox.time, "sleep", lambda seconds, sleep=time.sleep: sleep(seconds / 100))
    return started


@pytest.fixture
def send(payment_page, threads, order):
    """send("succeeds") pays by that card and waits until the gateway has said all it has to say; answers the order's state."""
    client, address = payment_page

    def pay(card, times=1):
        for _ in range(times):
            answer = client.post(address, data={"card": NUMBERS[card]})
            assert (answer.status_code, answer.location) == (303, "http://localhost/orders/1")
        for thread in threads:
            thread.join(20)
        db.session.expire_all()
        return order.state

    return pay


def payments():
    return [(payment.state, payment.why) for payment in db.session.query(Payment).order_by(Payment.id)]


def test_the_page_shows_amount_course_and_test_cards(payment_page):
    client, address = payment_page
    text = client.get(address).get_data(as_text=True)
    assert "80.00 €" in text and "How chains work" in text
    assert "test mode" in text
    assert all(number[-4:] in text for number in CARDS)


def test_a_card_of_the_list_is_filled_in(payment_page):
    client, address = payment_page
    assert f'value="{NUMBERS["succeeds"]}"' in client.get(address).get_data(as_text=True)
    assert f'value="{NUMBERS["late"]}"' in client.get(address, query_string={"card": NUMBERS["late"]}).get_data(as_text=True)


def test_every_card_says_what_it_does():
    assert set(forms.MEANINGS) == set(NUMBERS)


def test_the_page_needs_no_login(app, payment_page):
    assert app.test_client().get(payment_page[1]).status_code == 200


@pytest.mark.parametrize("card", ["succeeds", "late", "twice", "failed_first", "processing_last"])
def test_a_card_that_succeeds_pays_once(send, ana, card):
    assert send(card) == "paid"
    assert payments() == [("applied", "")]
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_a_declined_card_fails_the_order(send):
    assert send("declined") == "failed"
    assert payments() == []


@pytest.mark.parametrize(("card", "why"), [("wrong_amount", "wrong amount"), ("wrong_currency", "wrong currency")])
def test_money_that_does_not_fit_is_held(send, card, why):
    assert send(card) == "open"
    assert payments() == [("held", why)]


def test_the_same_page_sent_four_times_is_one_payment(send, ana):
    assert send("succeeds", times=4) == "paid"
    assert payments() == [("applied", "")]
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_a_card_declined_and_then_another_pays(send):
    send("declined")
    assert send("succeeds") == "paid"


def challenge(payment_page, threads, answer):
    client, address = payment_page
    asked = client.post(address, data={"card": NUMBERS["challenge"]})
    assert asked.location == address + "/challenge"
    assert "Is this you?" in client.get(asked.location).get_data(as_text=True)
    assert client.post(asked.location, data={"answer": answer}).location == "http://localhost/orders/1"
    threads[0].join(20)
    db.session.expire_all()


def test_a_challenge_confirmed_pays(payment_page, threads, order):
    challenge(payment_page, threads, "confirm")
    assert order.state == "paid"


def test_a_challenge_refused_fails_the_order(payment_page, threads, order):
    challenge(payment_page, threads, "refuse")
    assert order.state == "failed"


def test_a_page_whose_time_is_over_takes_no_card(app, served, threads, ana, log_in):
    client, sandbox = log_in(ana), payment_gateway(app.config)
    purchase = Purchase(7, 8000, "EUR", "How chains work", expires_at=clock.now() + timedelta(minutes=30))
    address = sandbox.payment_page(purchase, "/orders/7")
    assert client.get(address).status_code == 200
    clock.advance(timedelta(minutes=31))
    closed(client, address, threads)


def test_a_page_that_was_closed_takes_no_card(app, payment_page, threads, book):
    payment_gateway(app.config).expire(1)
    closed(*payment_page, threads)


def closed(client, address, threads):
    for answer in (
        client.get(address),
        client.post(address, data={"card": NUMBERS["succeeds"]}),
        client.get(address + "/challenge"),
        client.post(address + "/challenge", data={"answer": "confirm"}),
    ):
        assert answer.status_code == 410
        assert "This page is closed" in answer.get_data(as_text=True)
    assert threads == []


def test_a_dispute_is_told_after_the_payment(send, order):
    assert send("dispute_won") == "paid"
    assert told() == ["payment.succeeded", "dispute.opened", "dispute.won"]


def test_a_refund_is_answered_and_told(app, send, book):
    send("succeeds")
    answer = payment_gateway(app.config).refund("refund:1", reference(), 8000)
    assert answer.state == "succeeded"
    db.session.expire_all()
    assert told() == ["payment.succeeded", "refund.succeeded"]


def told():
    return [event.kind for event in db.session.query(WebhookEvent).order_by(WebhookEvent.received_at)]


def reference():
    return db.session.query(Payment.reference).scalar()


def test_the_same_refund_is_made_once_and_no_more_than_was_paid(app, send, book):
    send("succeeds")
    sandbox, paid = payment_gateway(app.config), reference()
    assert sandbox.refund("refund:1", paid, 5000) == sandbox.refund("refund:1", paid, 5000)
    for key, of, amount in (("refund:1", paid, 4000), ("refund:2", paid, 3001), ("refund:3", "pay_of_nobody", 1)):
        with pytest.raises(Refused):
            sandbox.refund(key, of, amount)
    assert taken(sandbox)[0].refunded == 5000
    assert sandbox.refund("refund:2", paid, 3000).state == "succeeded"


def test_it_lists_what_it_has_taken(app, send, book):
    send("disputed")
    assert taken(payment_gateway(app.config)) == [Taken(reference(), 1, 8000, "EUR", 0, True)]
    assert list(payment_gateway(app.config).payments(clock.now() + timedelta(days=1), clock.now() + timedelta(days=2))) == []


def test_it_lists_what_it_took_and_not_what_was_asked(app, send, book):
    send("wrong_amount")
    assert [payment.amount for payment in taken(payment_gateway(app.config))] == [7999]


def test_what_it_does_not_keep_it_does_not_list(app):
    with pytest.raises(Unavailable, match="PAYMENT_SANDBOX_FILE"):
        taken(payment_gateway(app.config))


def taken(sandbox):
    return list(sandbox.payments(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)))


def test_only_test_cards_are_taken(payment_page, threads, order):
    client, address = payment_page
    for number in ("", "4111111111111111", "4242", "NaN", "-1", "4" * 100_000, "\x00", "４２４２"):
        answer = client.post(address, data={"card": number})
        assert answer.status_code == 422
    assert threads == []


def test_spaces_in_a_card_number_do_not_matter(payment_page, threads):
    client, address = payment_page
    assert client.post(address, data={"card": " 4242 4242  42424242 "}).status_code == 303
    threads[0].join(20)


def test_a_page_we_did_not_sign_is_not_found(client, payment_page):
    address = payment_page[1]
    for other in ("/sandbox/pay/nonsense", address[:-1], address + "x", address + "/more"):
        assert client.get(other).status_code == 404
        assert client.post(other, data={"card": NUMBERS["succeeds"]}).status_code == 404


def test_a_form_without_its_token_is_refused(app, payment_page, threads):
    app.config["WTF_CSRF_ENABLED"] = True
    client, address = payment_page
    assert client.post(address, data={"card": NUMBERS["succeeds"]}).status_code == 400
    assert threads == []


def test_the_webhook_is_sent_until_it_is_taken(send, monkeypatch):
    tries = []
    post = payments_sandbox.Sandbox._post

    def failing(self, body):
        tries.append(body)
        return post(self, body) if len(tries) > 2 else 500

    monkeypatch.setattr(payments_sandbox.Sandbox, "_post", failing)
    assert send("succeeds") == "paid"
    assert len(tries) == 3


def test_a_site_that_does_not_answer_is_tried_a_few_times_and_given_up(served, send, monkeypatch):
    monkeypatch.setattr(payments_sandbox.Sandbox, "_webhook_url", property(lambda self: "http://127.0.0.1:1/", lambda self, value: None), raising=False)
    assert send("succeeds") == "open"
    assert db.session.query(WebhookEvent).count() == 0


def test_without_the_sandbox_its_page_does_not_exist(environ):
    from lms import create_app

    assert "sandbox" not in create_app("web", {**environ, "PAYMENT_GATEWAY": "none"}).blueprints
    assert views.blueprint.name == "sandbox"


def test_production_refuses_the_sandbox(environ):
    production = environ | {"ENVIRONMENT": "production", "MAIL_URL": "smtp://127.0.0.1:25", "CLOCK_FILE": "", "BASE_URL": "https://school.example"}
    with pytest.raises(ConfigError, match="sandbox"):
        read("web", production)
