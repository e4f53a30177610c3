"""What banks ask back, as admins find it, and what there is to answer one with."""

import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings
from lms.domain.certificates import actions as certificates
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds
from lms.domain.checkout.payment_models import Dispute
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from tests.blueprints.test_admin_refunds import said
from tests.conftest import pay, publish, sell


@pytest.fixture
def order(ana, tea, course):
    return sell(ana, course)


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def dispute(order, kind="opened", number=1, reference="pay_1", **facts):
    about = dict(kind=f"dispute.{kind}", id=f"{kind} {number}", dispute=f"dp_{number}", fee=1500, reason="fraudulent")
    pay(order, reference, **about | facts)
    return db.session.query(Dispute).filter_by(reference=f"dp_{number}").one()


def orders(page):
    return re.findall(r"Order (\d+) ·", said(page))


# The list


def test_open_ones_stand_first_and_each_says_what_became_of_it(browser, ana, tea, course):
    first, second, third = sell(ana, course), sell(ana, publish(tea, "Bees", price=2000), "pay_2"), sell(ana, publish(tea, "Cats", price=3000), "pay_3")
    dispute(first), dispute(second, "lost", 2, "pay_2"), dispute(third, "won", 3, "pay_3", fee=0)
    page = browser.get("/admin/disputes")
    assert orders(page) == [str(first.id), str(third.id), str(second.id)]
    text = said(page)
    assert "the card's holder says it was not he · opened" in text and "80.00 € open" in text
    assert "The money stays: nothing was taken back. 30.00 € won" in text
    assert "The bank took the money, and what the sale had brought was taken back. 20.00 € lost" in text
    assert {state: orders(browser.get(f"/admin/disputes?state={state}")) for state in ("open", "won", "lost")} == {"open": [str(first.id)], "won": [str(third.id)], "lost": [str(second.id)]}


def test_the_one_that_is_answered_soonest_stands_first(browser, ana, tea, course):
    sold = [sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}") for number in range(4)]
    for number, days in enumerate((9, None, 3, 5)):
        dispute(sold[number], number=number, reference=f"pay_{number}", answer_by=days and clock.now() + timedelta(days=days))
    page = browser.get("/admin/disputes")
    assert orders(page) == [str(sold[number].id) for number in (2, 3, 0, 1)]
    assert said(page).count("answer by") == 3
    shown = {number: said(browser.get(f"/admin/disputes/{db.session.query(Dispute).filter_by(reference=f'dp_{number}').one().id}")) for number in (1, 2)}
    assert "later nothing is read" in shown[2] and "later nothing is read" not in shown[1]


def test_one_whose_payment_is_unknown_is_in_the_list_and_has_no_evidence(browser, app):
    with transaction():
        checkout.receive("stripe", SimpleNamespace(id="e1", kind="dispute.lost", reference="pi_9", order_id=None, amount=500, currency="EUR", dispute="dp_9", fee=0, reason="", answer_by=None))
    assert "Nobody we know Payment pi_9 · no reason given" in said(browser.get("/admin/disputes"))
    page = said(browser.get(f"/admin/disputes/{db.session.query(Dispute).one().id}"))
    assert "there is nothing here to answer with" in page and "What was bought" not in page


def test_where_there_is_none_the_page_says_so(browser):
    assert "No bank has asked a payment back." in said(browser.get("/admin/disputes")) and "No dispute is like that." in said(browser.get("/admin/disputes?state=won"))
    assert browser.get("/admin/disputes/7").status_code == 404


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_takes_the_same_statements_however_many_there_are(browser, ana, tea, statements, count):
    for number in range(count):
        dispute(sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}"), number=number, reference=f"pay_{number}")
    db.session.expunge_all()
    with statements() as seen:
        assert browser.get("/admin/disputes").status_code == 200
    assert len(seen) <= 6
    assert db.session.query(Dispute).count() == count


# The evidence


def learn(order, lessons):
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    with transaction():
        for lesson in courses.by_slug(order.course.slug).lessons[:lessons]:
            learning.complete_lesson(enrolment, lesson)


def test_its_incident_leads_to_it(browser, order):
    found = dispute(order)
    assert f'href="/admin/disputes/{found.id}"' in browser.get("/admin/incidents").text


def test_a_dispute_shows_what_was_bought_agreed_and_used_to_read_and_to_copy(browser, order, ana):
    with transaction():
        device_sightings.see(ana, "her browser", "192.0.2.9")
    learn(order, 2)
    html = browser.get(f"/admin/disputes/{dispute(order).id}").text
    page, copied = said(SimpleNamespace(text=html)), unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)[1])
    for words in (page, copied):
        for fact in (order.course.title, "Ana", "ana@example.org, address confirmed", "80.00", "Version 1", "within 14 days, below 30 %", "Lesson completed: Lesson 1", "Lesson completed: Lesson 2", "network 192.0.2.0/24", str(clock.now().year)):
            assert fact in words, fact
        assert re.search(r"Asked for it back here:? never", words)
    assert "Lesson 3" not in page and "Certificate issued" not in page
    assert "Dispute dp_1 about payment pay_1" in copied and "&" not in copied and "<" not in copied


def test_what_came_after_is_shown_too(browser, order, ana):
    learn(order, 4)
    with transaction():
        certificates.make(enrolments.enrolment(ana.id, order.course_id))
    found = dispute(order)
    assert "Certificate issued" in said(browser.get(f"/admin/disputes/{found.id}"))
    lost = dispute(order, "lost")
    page = said(browser.get(f"/admin/disputes/{lost.id}"))
    assert "Told that the bank took the money back" in page and "what the sale had brought was taken back" in page
    assert "there is nothing to answer any more" in page


def test_what_the_buyer_did_by_an_earlier_order_of_the_course_is_no_evidence_of_this_one(browser, order, ana, course):
    learn(order, 1)
    with transaction():
        refunds.refund(order)
    again = sell(ana, course, "pay_2")
    page = said(browser.get(f"/admin/disputes/{dispute(again, reference='pay_2').id}"))
    assert "Lesson completed" not in page


def test_it_leads_to_its_order_and_its_buyer_and_where_it_is_answered(browser, order, ana, app, monkeypatch):
    found = dispute(order)
    url = f"/admin/disputes/{found.id}"
    page = browser.get(url).text
    assert f'href="/admin/orders/{order.id}"' in page and f'href="/admin/members/{ana.id}"' in page and "dashboard.stripe.com" not in page
    assert f'href="{url}"' in browser.get(f"/admin/orders/{order.id}").text
    with transaction():
        db.session.merge(found).gateway = "stripe"
    monkeypatch.setitem(app.config, "PAYMENT_GATEWAY", "stripe")
    monkeypatch.setitem(app.config, "STRIPE_KEY", "sk_test_1")
    assert 'href="https://dashboard.stripe.com/test/payments/pay_1"' in browser.get(url).text
    monkeypatch.setitem(app.config, "STRIPE_KEY", "sk_live_1")
    assert 'href="https://dashboard.stripe.com/payments/pay_1"' in browser.get(url).text


def test_a_dispute_takes_the_same_statements_whatever_the_buyer_did(browser, order, ana, statements):
    url = f"/admin/disputes/{dispute(order).id}"
    counted = []
    for lessons in (0, 4):
        learn(db.session.merge(order), lessons)
        db.session.expunge_all()
        with statements() as seen:
            browser.get(url)
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 14


def test_they_are_for_admins_alone(order, log_in, tea):
    found = dispute(order)
    for path in ("/admin/disputes", f"/admin/disputes/{found.id}"):
        assert log_in(tea).get(path).status_code == 403
