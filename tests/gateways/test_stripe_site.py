"""The site with Stripe as its gateway: off to the payment page in a browser, and back by webhook."""

import threading
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from lms import create_app, gateways
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment, Refund, WebhookEvent
from lms.domain.wallet import queries as wallet
from lms.jobs import payments
from tests.stripe_server import KEY, WEBHOOK_SECRET

WEBHOOK = "/webhooks/payments"


@pytest.fixture
def shop(app, environ, stripe_server):
    """A web process that takes payments by Stripe, over the test's database."""
    stripe = {"PAYMENT_GATEWAY": "stripe", "STRIPE_KEY": KEY, "STRIPE_API": stripe_server.url, "PAYMENT_WEBHOOK_SECRET": WEBHOOK_SECRET}
    shop = create_app("web", environ | stripe)
    shop.config["WTF_CSRF_ENABLED"] = False
    return shop


@pytest.fixture
def order(ana, course):
    with transaction():
        return checkout.place_order(ana, course, "k1")


@pytest.fixture
def session_cookie(log_in, ana):
    return log_in(ana).get_cookie("session").value


@pytest.fixture
def buyer(shop, session_cookie):
    """Ana's browser."""
    client = shop.test_client()
    client.set_cookie("session", session_cookie)
    return client


@pytest.fixture
def page(buyer, order, stripe_server):
    """The Checkout Session of ana's order."""
    assert buyer.get(f"/orders/{order.id}/pay").location.startswith("https://checkout.stripe.com/")
    return list(stripe_server.books.sessions.values())[-1]


@pytest.fixture
def hear(shop, stripe_server):
    """hear("refund.created", {…}) is the answer of the site to Stripe's event."""

    def tell(kind, about, **options):
        body, signature = stripe_server.webhook(kind, about, **options)
        answer = shop.test_client().post(WEBHOOK, data=body, headers={"Stripe-Signature": signature}, content_type="application/json")
        db.session.expire_all()
        return answer

    return tell


def test_a_page_that_is_paid_pays_its_order_once_however_often_it_is_told(ana, order, page, hear, stripe_server):
    session = stripe_server.books.pay(page["id"])
    for number in (1, 1, 2):
        assert hear("checkout.session.completed", session, id=f"evt_{number}").status_code == 200
    assert order.state == "paid"
    assert db.session.query(Payment.reference, Payment.gateway, Payment.amount).all() == [(session["payment_intent"], "stripe", 8000)]
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_a_card_that_is_declined_leaves_the_order_open_for_another(order, page, hear, stripe_server):
    assert hear("payment_intent.payment_failed", {"id": "pi_1", "object": "payment_intent"}).status_code == 200
    assert order.state == "open"
    hear("checkout.session.completed", stripe_server.books.pay(page["id"]))
    assert order.state == "paid"


def test_money_that_needs_days_leaves_the_order_open_until_it_is_there(order, page, hear, stripe_server):
    session = stripe_server.books.pay(page["id"], "processing")
    hear("checkout.session.completed", session)
    assert order.state == "open"
    hear("checkout.session.async_payment_succeeded", stripe_server.books.arrive(session))
    assert order.state == "paid"


def test_a_refund_is_sent_by_a_job_and_confirmed_by_an_event(shop, order, page, hear, stripe_server):
    stripe_server.books.refund_status = "pending"
    reference = buy(page, hear, stripe_server)
    with transaction():
        refunds.refund(order)
    run(shop, lambda: payments.refund(refund().id), times=2)
    [sent] = stripe_server.books.refunds.values()
    assert (sent["payment_intent"], sent["amount"], refund().state) == (reference, 8000, "sent")
    hear("refund.updated", sent | {"status": "succeeded"})
    assert refund().state == "done"


def test_a_refund_that_the_bank_sends_back_is_an_admins(shop, order, page, hear, stripe_server):
    buy(page, hear, stripe_server)
    with transaction():
        refunds.refund(order)
    run(shop, lambda: payments.refund(refund().id))
    [sent] = stripe_server.books.refunds.values()
    hear("refund.failed", sent | {"status": "failed", "failure_reason": "lost_or_stolen_card"})
    assert (refund().state, refund().error) == ("failed", "lost_or_stolen_card")


def test_a_dispute_that_is_lost_reverses_the_sale(order, page, hear, stripe_server):
    dispute = stripe_server.books.dispute(buy(page, hear, stripe_server))
    hear("charge.dispute.created", dispute | {"balance_transactions": []})
    hear("charge.dispute.funds_withdrawn", dispute)
    assert order.state == "paid"
    hear("charge.dispute.closed", dispute | {"status": "lost"})
    assert order.state == "charged back"
    assert db.session.query(Dispute.state, Dispute.amount, Dispute.fee).all() == [("lost", 8000, 2000)]


def test_a_payment_we_were_not_told_of_is_found_by_the_comparison(shop, order, page, hear, stripe_server, monkeypatch):
    monkeypatch.setattr(payments, "YOUNGEST", -timedelta(minutes=1))
    buy(page, hear, stripe_server)
    run(shop, payments.compare)
    assert db.session.query(Incident).all() == []
    page["status"] = "open"
    untold = stripe_server.books.pay(page["id"])["payment_intent"]
    run(shop, payments.compare, times=2)
    assert [incident.subject for incident in db.session.query(Incident)] == [f"stripe:{untold}"]


def buy(page, hear, stripe_server):
    """The reference of the payment that paid ana's order."""
    session = stripe_server.books.pay(page["id"])
    hear("checkout.session.completed", session)
    return session["payment_intent"]


def refund():
    return db.session.query(Refund).one()


def run(shop, job, times=1):
    """A job in a process with Stripe's key."""
    with shop.app_context():
        for _ in range(times):
            job()
    db.session.expire_all()


@pytest.mark.parametrize("options", [{"secret": "whsec_" + "x" * 32}, {"at": 1}])
def test_a_forged_or_stale_event_changes_nothing(order, page, hear, stripe_server, options):
    assert hear("checkout.session.completed", stripe_server.books.pay(page["id"]), **options).status_code == 400
    assert order.state == "open"
    assert db.session.query(WebhookEvent).count() == 0


def test_the_sandboxs_header_signs_nothing_for_stripe(shop, order, page, stripe_server):
    body, signature = stripe_server.webhook("checkout.session.completed", stripe_server.books.pay(page["id"]))
    assert shop.test_client().post(WEBHOOK, data=body, headers={"Payment-Signature": signature}).status_code == 400


def test_events_of_no_use_are_taken(hear):
    assert hear("customer.created", {"id": "cus_1", "object": "customer"}).status_code == 200


def test_when_stripe_does_not_answer_the_buyer_reads_that_and_nothing_is_lost(buyer, order, stripe_server, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    stripe_server.fail("500", "500")
    answer = buyer.get(f"/orders/{order.id}/pay")
    assert answer.status_code == 503 and "Try again in a minute." in answer.text
    assert buyer.get(f"/orders/{order.id}/pay").status_code == 303


def test_a_browser_goes_from_our_form_to_stripes_page(stripe_abroad, served, course, session_cookie, browser):
    """Where a form's answer leads is held to the policy of the page the form stands on."""
    context = browser.new_context(base_url=served, java_script_enabled=False)
    context.add_cookies([{"name": "session", "value": session_cookie, "url": served}])
    page = context.new_page()
    page.goto(f"/courses/{course.slug}/checkout")
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(f"{stripe_abroad}/c/pay/*", timeout=10_000)
    context.close()
    assert db.session.query(Order.state).all() == [("open",)]


def test_the_policy_names_stripes_pages_and_only_where_they_are_used(client, shop, course):
    address = f"/courses/{course.slug}"
    policies = [each.get(address).headers["Content-Security-Policy"] for each in (client, shop.test_client())]
    assert ["https://checkout.stripe.com" in policy for policy in policies] == [False, True]


@pytest.fixture
def stripe_abroad(stripe_server, monkeypatch):
    """The origin of payment pages on loopback, another than the shop's."""
    stripe_server.books.pages = stripe_server.url
    monkeypatch.setitem(gateways._SITES, "stripe", stripe_server.url)
    return stripe_server.url


@pytest.fixture
def served(shop):
    server = make_server("127.0.0.1", 0, shop, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(5)
    server.server_close()
