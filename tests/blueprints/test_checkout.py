"""Buying a course in a browser, and what the payment gateway tells us meanwhile."""

import json
import re
import threading
from datetime import timedelta

import pytest

from lms import clock, live
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Payment, WebhookEvent
from lms.domain.learning import actions as learning_actions
from lms.domain.learning import queries as learning
from lms.domain.ledger import queries as ledger
from lms.domain.wallet import queries as wallet
from lms.gateways import payments
from lms.gateways.payments_sandbox import Sandbox
from lms.queue import queue
from tests.blueprints.test_wallet import give_address, settle
from tests.conftest import publish, sell

WEBHOOK = "/webhooks/payments"


@pytest.fixture
def gateway(app):
    """gateway(order) sends what a gateway that took the order's money would send; keywords change the event."""
    def send(order=None, number=1, at=None, kind="payment.succeeded", body=None, signature=None, **changes):
        payment = {"id": f"pay_{number}", "amount": order and order.total, "currency": "eur", "metadata": {"order": str(order.id) if order else ""}}
        event = {"id": f"evt_{number}_{kind}", "type": kind, "created": 1, "data": {"object": payment | changes}}
        body = json.dumps(event).encode() if body is None else body
        at = int((at or clock.now()).timestamp())
        signature = payments.sign(app.config["PAYMENT_WEBHOOK_SECRET"], body, at) if signature is None else signature
        return app.test_client().post(WEBHOOK, data=body, headers={"Payment-Signature": signature}, content_type="application/json")

    return send


@pytest.fixture
def order(ana, course):
    return place(ana, course)


def place(buyer, course, key="k1"):
    with transaction():
        return checkout.place_order(buyer, course, key)


def page(answer):
    return answer.get_data(as_text=True)


def key_of(answer):
    return re.search(r'name="key"[^>]*value="([^"]+)"', page(answer))[1]


def state(order):
    db.session.expire_all()
    return order.state


def nothing_happened(order):
    return state(order) == "open" and db.session.query(Payment).count() == 0 and db.session.query(WebhookEvent).count() == 0


# The page and its form


def test_the_page_says_price_split_and_reward(ana, course, log_in):
    answer = log_in(ana).get("/courses/how-chains-work/checkout")
    assert answer.status_code == 200
    text = page(answer)
    assert "80.00 €" in text and "40.00 €" in text
    assert "up to 8.00 TEO" in text
    assert "14 days" in text
    assert "VAT included" not in text


def test_a_course_of_one_lesson_is_spoken_of_in_the_singular(ana, tea, log_in):
    course, client = publish(tea, "One evening", 8000, lessons=1), log_in(ana)
    assert "with its one lesson" in client.get("/courses/one-evening/checkout").text
    sell(ana, course)
    for place in ("/", "/learn", "/courses/one-evening", "/learn/one-evening/lesson-1"):
        assert re.search("0 of 1 lesson[^s]", client.get(place).text), place


def test_vat_is_a_line_of_its_own(app, ana, course, log_in, monkeypatch):
    monkeypatch.setitem(app.config, "VAT_RATE", 2200)
    text = page(log_in(ana).get("/courses/how-chains-work/checkout"))
    assert "VAT 22 %" in text and "17.60 €" in text and "97.60 €" in text


def test_paying_leads_to_the_payment_page(ana, course, log_in):
    client = log_in(ana)
    form = client.get("/courses/how-chains-work/checkout")
    assert form.headers["Cache-Control"] == "private, no-store"
    answer = client.post("/courses/how-chains-work/checkout", data={"key": key_of(form)})
    assert answer.status_code == 303
    assert answer.location.startswith("/sandbox/pay/")
    assert db.session.query(Order).one().state == "open"


def test_the_page_speaks_of_vat_only_where_there_is_some(app, ana, course, log_in, monkeypatch):
    client = log_in(ana)
    assert not re.search("[ >]VAT", page(client.get("/courses/how-chains-work/checkout")))
    monkeypatch.setitem(app.config, "VAT_RATE", 2200)
    assert "price without VAT" in page(client.get("/courses/how-chains-work/checkout"))


def test_no_connection_is_held_while_the_gateway_is_asked(ana, course, log_in, monkeypatch):
    """It may take half a minute: all who pay would hold all there are."""
    held, client = [], log_in(ana)
    monkeypatch.setattr(Sandbox, "payment_page", lambda *_: held.append(db.engine.pool.checkedout()) or "/")
    for answer in (client.post("/courses/how-chains-work/checkout", data={"key": "k"}), client.get("/orders/1/pay")):
        assert answer.status_code == 303
    assert held == [0, 0]


def test_a_double_click_is_one_order_and_one_payment_page(ana, course, log_in):
    client = log_in(ana)
    first, second = (client.post("/courses/how-chains-work/checkout", data={"key": "k"}) for _ in range(2))
    assert first.location == second.location
    assert db.session.query(Order).count() == 1


def test_two_tabs_are_one_order_and_one_payment_page(ana, course, log_in):
    client = log_in(ana)
    first, second = (client.post("/courses/how-chains-work/checkout", data={"key": key}) for key in ("tab-1", "tab-2"))
    assert first.location == second.location
    assert db.session.query(Order).count() == 1


def test_the_form_sent_again_after_the_payment_shows_the_order(ana, course, log_in, gateway):
    client = log_in(ana)
    client.post("/courses/how-chains-work/checkout", data={"key": "k"})
    gateway(db.session.query(Order).one())
    answer = client.post("/courses/how-chains-work/checkout", data={"key": "k"})
    assert (answer.status_code, answer.location) == (303, "/orders/1")
    assert db.session.query(Order).count() == 1


def test_going_back_after_a_failed_payment_starts_anew(ana, course, log_in, gateway):
    client = log_in(ana)
    for number in (1, 2, 3):
        answer = client.post("/courses/how-chains-work/checkout", data={"key": "k"})
        assert answer.location.startswith("/sandbox/pay/")
        gateway(db.session.query(Order).order_by(Order.id.desc()).first(), number, kind="payment.failed")
    assert [found.state for found in db.session.query(Order)] == ["failed"] * 3


def test_a_damaged_form_is_refused(ana, course, log_in):
    client = log_in(ana)
    for key in ("", "k" * 81, "k\x00"):
        answer = client.post("/courses/how-chains-work/checkout", data={"key": key})
        assert answer.status_code == 422
        assert "damaged" in page(answer)
    assert db.session.query(Order).count() == 0


def test_another_members_key_is_not_his_order(ana, bruno, course, log_in):
    for member in (ana, bruno):
        log_in(member).post("/courses/how-chains-work/checkout", data={"key": "k"})
    assert {found.buyer_id for found in db.session.query(Order)} == {ana.id, bruno.id}


def test_a_form_without_its_token_is_refused(app, ana, course, log_in):
    client = log_in(ana)
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post("/courses/how-chains-work/checkout", data={"key": "k"}).status_code == 400
    assert db.session.query(Order).count() == 0


def test_who_is_not_logged_in_is_sent_to_log_in(client, order):
    for path in ("/courses/how-chains-work/checkout", "/orders", "/orders/1", "/orders/1/pay"):
        answer = client.get(path)
        assert answer.status_code == 302 and "/log-in" in answer.location


def test_who_is_not_logged_in_orders_nothing(client, course):
    assert client.post("/courses/how-chains-work/checkout", data={"key": "k"}).status_code == 302
    assert db.session.query(Order).count() == 0


def test_an_unknown_course_is_not_found(ana, course, log_in):
    client = log_in(ana)
    for slug in ("no-such-course", "..%2F..", "%F0%9F%98%80", "x" * 500, "a%00b", "%FF"):
        assert client.get(f"/courses/{slug}/checkout").status_code == 404
        assert client.post(f"/courses/{slug}/checkout", data={"key": "k"}).status_code == 404


def test_an_unpublished_course_is_not_found(ana, course, log_in):
    with transaction():
        course.state = "draft"
    assert log_in(ana).get("/courses/how-chains-work/checkout").status_code == 404
    assert log_in(ana).post("/courses/how-chains-work/checkout", data={"key": "k"}).status_code == 404
    assert db.session.query(Order).count() == 0


def test_who_is_enrolled_buys_nothing(ana, course, log_in, order, gateway):
    gateway(order)
    client = log_in(ana)
    text = page(client.get("/courses/how-chains-work/checkout"))
    assert "You are enrolled in this course already." in text and 'href="/learn/how-chains-work"' in text
    assert 'name="key"' not in text and "To pay" not in text and "Where your money goes" not in text
    answer = client.post("/courses/how-chains-work/checkout", data={"key": "another"})
    assert answer.status_code == 409 and "enrolled" in page(answer)
    assert db.session.query(Order).count() == 1


def test_who_has_not_confirmed_the_address_is_told(member, course, log_in):
    client = log_in(member("nina", verified=False))
    assert "Confirm your e-mail address" in page(client.get("/courses/how-chains-work/checkout"))
    assert client.post("/courses/how-chains-work/checkout", data={"key": "k"}).status_code == 403


def test_without_a_gateway_payments_are_not_open(app, ana, course, log_in, gateway, order, monkeypatch):
    monkeypatch.setitem(app.config, "PAYMENT_GATEWAY", "none")
    client = log_in(ana)
    assert "Payments are not open yet" in page(client.get("/courses/how-chains-work/checkout"))
    assert client.post("/courses/how-chains-work/checkout", data={"key": "k"}).status_code == 503
    assert gateway(order).status_code == 400
    assert state(order) == "open"


# The order's page


def test_the_return_from_the_payment_page_pays_nothing(ana, order, course, log_in):
    answer = log_in(ana).get("/orders/1?status=paid&payment=pay_1&redirect_status=succeeded")
    assert "We wait for your payment." in page(answer) and "The order waits until" in page(answer)
    assert state(order) == "open"
    assert learning.enrolment(ana.id, course.id) is None


def test_a_webhook_before_the_redirect_shows_the_order_paid(ana, order, log_in, gateway):
    gateway(order)
    text = page(log_in(ana).get("/orders/1"))
    assert "You are enrolled" in text
    assert "Start the first lesson" in text and "lesson-1" in text
    assert "+1.60 TEO" in text
    assert "settling" in text


@pytest.mark.parametrize("reached", [None, "queued", "signed", "sent", "mined", "final", "failed"])
def test_how_far_the_chain_has_followed_is_said_as_in_the_wallet(ana, order, log_in, gateway, chain, reached):
    gateway(order)
    give_address(ana)
    if reached:
        settle(reached)
    client = log_in(ana)
    there, here = (said_of_the_reward(client.get(path).text) for path in ("/wallet", "/orders/1"))
    assert here == there
    assert ("block 48\u202f201" in here) == (reached in ("mined", "final"))


def said_of_the_reward(page):
    """The state in the row of what was credited: its kind and its words."""
    [row] = [row for row in re.findall(r'<li class="rowline.*?</li>', page, re.DOTALL) if "Purchase reward" in row and "+1.60" in row]
    return re.search(r'<span class="state \w+">.*?</span>', row, re.DOTALL)[0]


def test_a_failed_payment_offers_to_try_again(ana, order, log_in, gateway):
    gateway(order, kind="payment.failed")
    text = page(log_in(ana).get("/orders/1"))
    assert "has not gone through" in text and "Try again" in text and "/courses/how-chains-work/checkout" in text


def test_an_expired_order_offers_to_try_again(ana, order, log_in):
    clock.advance(timedelta(hours=25))
    with transaction():
        checkout.expire(order.id)
    assert "Try again" in page(log_in(ana).get("/orders/1"))


def test_money_that_does_not_fit_is_said_to_be_safe(ana, order, log_in, gateway):
    gateway(order, amount=7999)
    text = page(log_in(ana).get("/orders/1"))
    assert "We received 79.99 €, but this order asks for 80.00 €." in text and "kept safe" in text


def test_money_that_does_not_fit_is_said_wherever_the_order_stands(ana, bruno, order, log_in, gateway):
    gateway(order, amount=7999)
    client = log_in(ana)
    orders = page(client.get("/orders"))
    assert "is being looked at" in orders and 'href="/orders/1/pay"' not in orders
    for path in ("/courses/how-chains-work", "/courses/how-chains-work/checkout"):
        text = page(client.get(path))
        assert "somebody looks at it" in text and 'href="/orders/1"' in text
    assert "somebody looks at it" not in page(log_in(bruno).get("/courses/how-chains-work"))


@pytest.mark.parametrize("is_closed", [False, True])
def test_money_that_was_sent_back_is_not_called_an_order_closed_without_a_payment(is_closed, ana, ada, order, log_in, gateway):
    gateway(order, amount=7999)
    with transaction():
        refunds.return_held(db.session.query(Payment).one(), ada)
        audit.close_incident(db.session.query(Incident).one(), ada, "Sent back.")
        if is_closed:
            checkout.cancel(order)
    text = page(log_in(ana).get("/orders/1"))
    assert "We have looked at the payment of 79.99 €" in text and "closed without a payment" not in text and "We wait for your payment" not in text


def test_a_buyer_reads_that_the_money_was_looked_at_and_may_buy(ana, ada, order, log_in, gateway):
    gateway(order, amount=7999)
    with transaction():
        audit.close_incident(db.session.query(Incident).one(), ada, "refunded by hand")
    client = log_in(ana)
    text = page(client.get("/orders/1"))
    assert "We have looked at the payment of 79.99 €" in text and 'href="/orders/1/pay"' in text
    assert "refunded by hand" not in text
    assert "is being looked at" not in page(client.get("/orders"))
    assert 'href="/courses/how-chains-work/checkout"' in page(client.get("/courses/how-chains-work"))
    assert 'name="key"' in page(client.get("/courses/how-chains-work/checkout"))


def test_an_open_order_leads_back_to_its_payment_page(ana, order, log_in):
    assert log_in(ana).get("/orders/1/pay").location.startswith("/sandbox/pay/")


def test_a_paid_order_has_no_payment_page(ana, order, log_in, gateway):
    gateway(order)
    assert log_in(ana).get("/orders/1/pay").location == "/orders/1"


def test_someone_elses_order_is_not_found(order, bruno, log_in):
    client = log_in(bruno)
    for path in ("1", "1/pay", "999", "-1", "99999999999999999999", "one", "1.5"):
        assert client.get(f"/orders/{path}").status_code == 404


def test_my_orders_are_mine(ana, bruno, order, course, log_in):
    assert "How chains work" in page(log_in(ana).get("/orders"))
    assert "How chains work" not in page(log_in(bruno).get("/orders"))


def test_any_page_number_is_answered(ana, order, log_in):
    client = log_in(ana)
    for number in ("0", "-1", "999999999999999999999", "nan", "one"):
        answer = client.get("/orders", query_string={"page": number})
        assert answer.status_code == 200 and "How chains work" in page(answer)


def test_the_list_of_orders_offers_no_retry_for_a_course_bought_by_another_order(ana, course, order, log_in, gateway):
    gateway(order, kind="payment.failed")
    client = log_in(ana)
    assert "/courses/how-chains-work/checkout" in page(client.get("/orders"))
    sell(ana, course, reference="pay_2")
    assert "/courses/how-chains-work/checkout" not in page(client.get("/orders"))


def test_the_list_of_orders_takes_few_statements(ana, tea, log_in, statements):
    for number in range(12):
        with transaction():
            checkout.place_order(ana, publish(tea, f"Course {number}", 1000), f"k{number}")
    client = log_in(ana)
    with statements() as seen:
        assert client.get("/orders").status_code == 200
    assert len(seen) <= 5


# What the gateway tells


def test_a_signed_webhook_pays_the_order(ana, tea, course, order, gateway):
    assert gateway(order).status_code == 200
    assert state(order) == "paid"
    assert learning.enrolment(ana.id, course.id).paid == 8000
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert ledger.member(tea.id, "EUR", "maturing").balance == 4000


def test_a_replayed_webhook_pays_once(ana, order, gateway):
    assert [gateway(order).status_code for _ in range(3)] == [200, 200, 200]
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert ledger.platform("EUR", "cards").balance == -8000


def test_a_forged_webhook_is_refused(order, gateway):
    for signature in ("", "t=1,v1=0", "v1=" + "0" * 64, "nonsense", "t=99999999999,v1=" + "f" * 64):
        answer = gateway(order, signature=signature)
        assert answer.status_code == 400 and answer.is_json
    assert nothing_happened(order)


def test_a_stale_webhook_is_refused(order, gateway):
    for age in (timedelta(minutes=6), timedelta(days=1), timedelta(minutes=-6)):
        assert gateway(order, at=clock.now() - age).status_code == 400
    assert nothing_happened(order)


def test_a_signed_body_that_is_no_event_is_refused(order, gateway):
    for body in (b"", b"\xff\xfe\xfd", b"[]", b"[{}]", b"{", b"null", b"NaN", b"[" * 30_000, b'{"id": "\xc3\x28"}'):
        assert gateway(order, body=body).status_code == 400
    assert nothing_happened(order)


def test_an_amount_that_is_no_amount_is_refused(order, gateway):
    for amount in (float("nan"), float("inf"), -8000, 0, 8000.0, "8000", 2**63, 10**30, None, True):
        assert gateway(order, amount=amount).status_code == 400
    assert nothing_happened(order)


def test_ten_megabytes_are_refused(order, gateway):
    assert gateway(order, body=b"x" * 10_000_000).status_code == 413
    assert nothing_happened(order)


@pytest.mark.parametrize(("changes", "why"), [({"amount": 7999}, "wrong amount"), ({"amount": 99_999_999}, "wrong amount"), ({"currency": "usd"}, "wrong currency")])
def test_money_that_does_not_fit_is_held(order, gateway, changes, why):
    assert gateway(order, **changes).status_code == 200
    assert state(order) == "open"
    payment = db.session.query(Payment).one()
    assert (payment.state, payment.why) == ("held", why)
    assert db.session.query(Incident).one().details["why"] == why


def test_money_for_no_order_is_taken_and_held(order, gateway):
    for number, named in enumerate(("999", "", "nobody's", "-1", "99999999999999999999")):
        assert gateway(order, number, metadata={"order": named}).status_code == 200
    assert state(order) == "open"
    assert [payment.why for payment in db.session.query(Payment)] == ["no such order"] * 5
    assert ledger.platform("EUR", "escrow").balance == 5 * 8000


def test_an_event_about_something_else_is_acknowledged(order, gateway):
    assert gateway(body=b'{"id": "evt_9", "type": "payout.paid"}').status_code == 200
    assert state(order) == "open"


@pytest.mark.parametrize("kinds", [("failed", "succeeded"), ("succeeded", "failed"), ("succeeded", "processing"), ("processing", "succeeded")])
def test_events_out_of_order_end_paid(order, gateway, kinds):
    for kind in kinds:
        assert gateway(order, kind=f"payment.{kind}").status_code == 200
    assert state(order) == "paid"


def test_a_webhook_is_taken_with_redis_down(ana, order, gateway, monkeypatch):
    from redis import Redis

    from lms.queue import queue

    nowhere = Redis(port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(queue, "redis", nowhere)
    monkeypatch.setattr(queue._queue, "connection", nowhere)
    assert gateway(order).status_code == 200
    assert state(order) == "paid"


def test_a_webhook_that_breaks_is_answered_so_that_it_comes_again(ana, course, order, gateway, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(learning_actions, "enroll", lambda *_, **__: 1 / 0)
        assert gateway(order).status_code == 500
    assert nothing_happened(order)
    assert ledger.platform("EUR", "cards").balance == 0
    assert gateway(order).status_code == 200
    assert state(order) == "paid"


def test_a_paid_order_asks_for_settlement_and_tells_the_open_pages(ana, order, gateway):
    from lms.live import channel
    from lms.queue import queue

    listener = queue.redis.pubsub()
    listener.subscribe(channel(ana.id))
    listener.get_message(timeout=60)
    gateway(order)
    queue.redis.publish(channel(ana.id), "null")  # behind all that came
    names = [news["name"] for news in iter(lambda: json.loads(listener.get_message(timeout=60)["data"]), None)]
    assert "receipt:1" in names
    assert queue.waiting() == 1


def test_thirty_two_payments_at_once_are_all_taken(app, member, course, gateway):
    orders = [place(member(f"buyer{number}"), course) for number in range(32)]
    sold, answers, gate = [(order.id, order.total) for order in orders], [], threading.Barrier(32)
    db.session.remove()

    def tell(number, order_id, total):
        gate.wait()
        for _ in range(5):  # gateways tell again what found no connection free in time
            with app.app_context():
                answer = gateway(number=number, amount=total, metadata={"order": str(order_id)}).status_code
            if answer != 503:
                break
        answers.append(answer)

    threads = [threading.Thread(target=tell, args=(number, *facts)) for number, facts in enumerate(sold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 32
    assert {order.state for order in db.session.query(Order)} == {"paid"}


def test_no_connection_is_held_while_open_pages_are_told(order, gateway, monkeypatch):
    held = []
    monkeypatch.setattr(live, "push", lambda *_: held.append(db.engine.pool.checkedout()))
    gateway(order)
    assert held == [0, 0]


@pytest.mark.parametrize("is_late", [False, True])
def test_who_has_paid_finds_no_old_page_to_pay_once_more(is_late, order, gateway, ana, tea, course, bruno, monkeypatch):
    told = []
    monkeypatch.setattr(live, "push", lambda user_id, *names: told.append((user_id, names)))
    place(bruno, course), place(ana, publish(tea, "Salt", 3000), "k2")
    with transaction():
        checkout.cancel(order)
    second = place(ana, course, "k3")
    paid, other = (order, second) if is_late else (second, order)
    gateway(paid)
    assert state(paid) == "paid"
    assert [job.args for job in queue._mail.jobs] == [(other.id,)]
    assert [names[:2] for user_id, names in told if user_id == ana.id] == [(f"receipt:{paid.id}", f"receipt:{other.id}")]
