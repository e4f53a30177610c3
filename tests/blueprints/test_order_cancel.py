"""An order its buyer does not want to pay any more: it gives back at once what its end by time would give back, and a payment that comes later is not lost."""

import pytest

from lms import live
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import coupons
from lms.domain.checkout.models import Order
from lms.domain.learning import queries as enrolments
from lms.domain.ledger.models import Transfer
from lms.domain.wallet.queries import balance
from lms.errors import DomainError
from lms.queue import queue
from tests.conftest import give, pay, publish, teo

PAID = "This order cannot be cancelled any more: it is paid."


@pytest.fixture
def order(ana, course):
    """80.00 €, of which the coupon takes 20.00 €; 10 % of the 60.00 € are to be paid with 6 of Ana's 8 TEO."""
    give(ana, 8)
    with transaction():
        coupons.create(course.teacher, "SPRING", course=course, percent_bp=2500, most_uses=1)
    return place(ana, course)


@pytest.fixture
def browser(ana, order, log_in):
    return log_in(ana)


def place(buyer, course, key="k1"):
    with transaction():
        return checkout.place_order(buyer, course, key, level_bp=1000, code="SPRING")


def cancel(browser, order):
    return browser.post(f"/orders/{order.id}/cancel")


def test_its_page_leads_to_what_cancelling_gives_back(browser, order, ana):
    assert f'href="/orders/{order.id}/cancel"' in browser.get(f"/orders/{order.id}").text
    page = browser.get(f"/orders/{order.id}/cancel").text
    assert "54.00 €" in page and "+6.00 TEO" in page and "Coupon SPRING" in page and "keep the order" in page
    db.session.expire_all()
    assert (order.state, balance(ana.id).reserved) == ("open", teo(6)), "looking at it does nothing"


def test_teo_and_coupon_are_free_at_once(browser, order, ana, bruno, course):
    give(bruno, 8)
    with pytest.raises(DomainError, match="as often as it may be"):
        place(bruno, course)
    answer = cancel(browser, order)
    assert (answer.status_code, answer.location) == (303, f"/orders/{order.id}")
    db.session.expire_all()
    assert (order.is_open, balance(ana.id).available, balance(ana.id).reserved) == (False, teo(8), 0)
    assert place(bruno, course).coupon_off == 2000


def test_it_leaves_what_its_end_by_time_leaves(browser, order, bruno, course, monkeypatch):
    cancel(browser, order)
    monkeypatch.setattr(checkout, "ORDER_LIFE", checkout.ORDER_LIFE * 0)
    give(bruno, 8)
    with transaction():
        expired = checkout.expire(place(bruno, course).id)
    kept = [row.__dict__ for row in db.session.query(Transfer).filter_by(reason="order closed").order_by(Transfer.id)]
    same = [(row["amount"], row["asset"], row["rule_version"], {**row["evidence"], "order": 0}) for row in kept]
    assert same == same[:1] * 2 and order.state == expired.state


def test_its_page_says_so_and_offers_the_same_terms_again(browser, order):
    cancel(browser, order)
    page = browser.get(f"/orders/{order.id}").text
    assert "The order is cancelled. Should a payment be on its way all the same, it is not lost." in page and "This order was closed without a payment." in page
    assert "level=1000&amp;code=SPRING" in page and f"/orders/{order.id}/cancel" not in page and 'class="notice refused"' not in page
    assert "closed</span>" in browser.get("/orders").text


def test_pressed_twice_it_is_cancelled_once(browser, order, ana):
    assert [cancel(browser, order).status_code for _ in range(2)] == [303, 303]
    assert db.session.query(Transfer).filter_by(reason="order closed").count() == 1
    assert balance(ana.id).available == teo(8)
    assert "This order is closed already" in browser.get(f"/orders/{order.id}/cancel").text


def test_its_payment_page_is_closed_by_a_job(browser, order):
    cancel(browser, order)
    assert [job.args for job in queue._mail.jobs if job.func_name.endswith("payments.close_page")] == [(order.id,)]


def test_one_that_is_paid_is_not_cancelled_and_says_why(browser, order, ana):
    pay(order)
    page = browser.get(f"/orders/{order.id}").text
    assert f"/orders/{order.id}/cancel" not in page
    assert PAID in browser.get(f"/orders/{order.id}/cancel").text
    answer = cancel(browser, order)
    assert answer.status_code == 409 and PAID in answer.text and "Back to the order" in answer.text
    db.session.expire_all()
    assert order.is_paid and queue._mail.jobs == []


def test_one_for_which_money_came_that_does_not_fit_waits_for_who_looks_at_it(browser, order, course, ana):
    pay(order, amount=100)
    answer = cancel(browser, order)
    for page in (answer.text, browser.get(f"/orders/{order.id}/cancel").text):
        assert "We have received a payment of yours" in page and "othing is charged" not in page and "Back to the order" in page
    db.session.expire_all()
    assert (answer.status_code, order.state, balance(ana.id).reserved) == (409, "open", teo(6))


def test_a_payment_that_comes_later_still_buys(browser, order, ana, course):
    cancel(browser, order)
    pay(order)
    assert order.is_paid and enrolments.enrolment(ana.id, course.id)
    assert (balance(ana.id).available, balance(ana.id).reserved) == (teo(2), 0)


def test_a_payment_that_comes_later_takes_the_teo_of_the_order_it_makes_needless(browser, order, ana, course):
    cancel(browser, order)
    again = place(ana, course, "k2")
    pay(order)
    assert (order.state, again.state) == ("paid", "expired")
    assert (balance(ana.id).available, balance(ana.id).reserved) == (teo(2), 0)


def test_a_payment_that_comes_later_and_finds_the_teo_spent_is_kept_safe(browser, order, ana, course):
    cancel(browser, order)
    other = publish(course.teacher, "Salt", 3000)
    with transaction():
        checkout.place_order(ana, other, "k2", level_bp=1000)  # 3 of the 8 TEO
        again = checkout.place_order(ana, course, "k3", level_bp=500)  # 4, of which the 6 are not made
    pay(order)
    assert (order.state, again.state) == ("expired", "open")
    assert (balance(ana.id).available, balance(ana.id).reserved) == (teo(1), teo(7))
    assert db.session.query(Incident).one().details["why"] == "discount gone"
    assert "kept safe" in browser.get(f"/orders/{order.id}").text


def test_the_course_may_be_ordered_anew(browser, order, ana, course):
    cancel(browser, order)
    assert browser.post("/courses/how-chains-work/checkout", data={"key": "k1", "level": "1000", "code": "SPRING"}).status_code == 303
    assert [each.state for each in db.session.query(Order).order_by(Order.id)] == ["expired", "open"]


def test_an_order_of_another_is_not_there(order, bruno, log_in):
    browser = log_in(bruno)
    assert {browser.get(f"/orders/{order.id}/cancel").status_code, cancel(browser, order).status_code} == {404}
    assert order.is_open


def test_a_visitor_is_asked_to_log_in(client, order):
    assert "/log-in" in cancel(client, order).location
    assert order.is_open


def test_its_other_open_pages_hear_of_it(browser, order, ana, monkeypatch):
    told = []
    monkeypatch.setattr(live, "push", lambda user_id, *names: told.append((user_id, names)))
    cancel(browser, order)
    assert told == [(ana.id, (f"receipt:{order.id}", "balance_chip", "balance", "activity"))]
