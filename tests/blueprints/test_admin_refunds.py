"""Refunds as admins find them, and an order that one of them refunds in the buyer's place."""

import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.checkout import refund_desk, refund_outbox, refunds
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Refund
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import queries as books
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Forbidden, Invalid
from lms.jobs import checkout as jobs
from tests.conftest import give, pay, publish, sell, teo
from tests.races import race


@pytest.fixture
def order(ana, tea, course):
    give(ana, 20)
    return sell(ana, course, level_bp=1000)


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def said(answer):
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).replace("\u202f", " ").replace("\xa0", " ").split())
    return text.partition("Admin")[2]


def send_back(order, state="waiting", error=""):
    with transaction():
        refunds.refund(order)
        refund = db.session.query(Refund).order_by(Refund.id.desc()).first()
        refund.state, refund.error, refund.reference = state, error, "re_7" if state in ("sent", "done") else None
    return refund


# The list


def test_refunds_stand_in_the_list_with_how_far_they_are_and_lead_to_their_orders(browser, ana, bruno, tea, course):
    waiting, failed = sell(ana, course), sell(bruno, publish(tea, "Bees", price=2000), "pay_2")
    send_back(waiting), send_back(failed, "failed", "card closed")
    page = browser.get("/admin/refunds")
    assert f"Bruno Order {failed.id} · Bees" in said(page) and "card closed" in said(page)
    assert f'href="/admin/orders/{waiting.id}"' in page.text and f'href="/admin/orders/{failed.id}"' in page.text
    assert "Asked for 1" in said(page) and "Failed 1" in said(page)
    assert [("Ana" in said(browser.get(f"/admin/refunds?state={state}")).partition("How far")[2], "Bruno Order" in said(browser.get(f"/admin/refunds?state={state}"))) for state in ("failed", "done")] == [(False, True), (False, False)]
    assert "No refund is like that." in said(browser.get("/admin/refunds?state=done")) and "Bruno" in said(browser.get("/admin/refunds?state=nonsense"))


def test_money_that_paid_nothing_and_went_back_is_in_the_list_too(browser, ana, ada, course):
    from types import SimpleNamespace

    from lms.domain.checkout import actions as checkout
    from lms.domain.checkout.payment_models import Payment

    with transaction():
        checkout.receive("sandbox", SimpleNamespace(id="e1", kind="payment.succeeded", reference="pay_9", order_id=None, amount=500, currency="EUR"))
        refunds.return_held(db.session.query(Payment).one(), ada)
    assert "Nobody we know Payment that paid nothing · pay_9" in said(browser.get("/admin/refunds"))


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_takes_the_same_statements_however_many_there_are(browser, ana, tea, course, statements, count):
    for number in range(count):
        send_back(sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}"))
    db.session.expunge_all()
    with statements() as seen:
        assert browser.get("/admin/refunds").status_code == 200
    assert len(seen) <= 6
    assert db.session.query(Refund).count() == count


# The order


def test_an_order_says_what_was_paid_how_it_was_split_and_what_a_refund_takes_back(ada, log_in, order):
    browser = log_in(ada)
    page = said(browser.get(f"/admin/orders/{order.id}"))
    assert "How it was split" not in page and "From Tea" not in page, "the teacher has a day to decide"
    clock.advance(timedelta(days=1))
    jobs.decide()
    db.session.refresh(order)
    page = said(log_in(ada).get(f"/admin/orders/{order.id}"))
    assert "List price 80.00 € Paid with 8.00 TEO −8.00 € Total 72.00 €" in page
    assert "Payment received" in page and "pay_1" in page and "paid the order" in page
    assert f"To Tea {order.net / 100:.2f} € To the platform {(order.cash - order.net) / 100:.2f} €" in page
    assert "TEO of the discount to the treasury, 8.00 TEO" in page
    assert "Back to the card 72.00 € Back to the buyer's wallet +8.00 TEO Rewards taken back −" in page
    assert f"From Tea −{order.net / 100:.2f} € From the platform −{(order.cash - order.net) / 100:.2f} €" in page


def test_an_order_says_of_a_reward_whether_it_matures_or_has(ada, log_in, order):
    page = said(log_in(ada).get(f"/admin/orders/{order.id}"))
    assert "Purchase reward matures" in page and "mature since" not in page
    clock.advance(timedelta(days=15))
    page = said(log_in(ada).get(f"/admin/orders/{order.id}"))
    assert "Purchase reward mature since" in page and "matures" not in page


def test_an_admin_refunds_it_with_a_reason_once_and_it_stands_in_the_log(browser, order, ana, ada):
    url = f"/admin/orders/{order.id}/refund"
    for _ in range(2):
        answer = browser.post(url, data={"refund-reason": "She wrote that it is not for her."})
        assert (answer.status_code, answer.location) == (303, f"/admin/orders/{order.id}")
    db.session.expire_all()
    assert (db.session.get(Order, order.id).state, db.session.query(Refund.amount).all()) == ("refunded", [(7200,)])
    assert books.member(ana.id, "TEO", "available").balance == teo(20) and (books.unbalanced_assets(), books.wrong_balances()) == (0, 0)
    rows = db.session.query(LogEntry).filter_by(action="order refunded").all()
    assert [(row.by_id, row.subject, row.details) for row in rows] == [(ada.id, f"order {order.id}", {"amount": 7200, "buyer": ana.id, "reason": "She wrote that it is not for her."})]
    assert "72.00 €: She wrote that it is not for her." in said(browser.get("/admin/log"))
    page = said(browser.get(f"/admin/orders/{order.id}"))
    assert "refunded" in page and "Refund the order" not in page and "asked for" in page


def test_what_went_back_is_not_said_to_become_the_teachers(ada, log_in, order):
    clock.advance(timedelta(days=1))
    jobs.decide()
    pages = [said(log_in(ada).get(f"/admin/orders/{order.id}"))]
    refunded_already(order)
    pages.append(said(log_in(ada).get(f"/admin/orders/{order.id}")))
    assert all("How it was split" in page for page in pages)
    assert ["The teacher's for good" in page for page in pages] == [True, False]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_reason_nothing_happens_and_what_was_typed_stays(browser, order, ada, reason):
    answer = browser.post(f"/admin/orders/{order.id}/refund", data={"refund-reason": reason})
    assert answer.status_code == 422 and order.state == "paid" and reason.strip() in answer.text
    with pytest.raises(Invalid, match="Say why"):
        refund_desk.refund(order, ada, reason)


def test_nobody_refunds_what_he_bought_or_sold_himself(order, ana, tea, log_in, member):
    for own in (ana, tea):
        with transaction():
            db.session.merge(own).role = "admin"
        browser = log_in(own)
        assert "another admin decides" in said(browser.get(f"/admin/orders/{order.id}")) and f'action="/admin/orders/{order.id}/refund"' not in browser.get(f"/admin/orders/{order.id}").text
        assert browser.post(f"/admin/orders/{order.id}/refund", data={"refund-reason": "For me."}).status_code == 403
    db.session.expire_all()
    assert db.session.get(Order, order.id).state == "paid"


def too_late(order):
    clock.advance(timedelta(days=rulebook.in_force().refund_days))


def too_far(order):
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    with transaction():
        for lesson in courses.by_slug(order.course.slug).lessons[:2]:
            learning.complete_lesson(enrolment, lesson)


def disputed(order):
    pay(order, kind="dispute.opened", dispute="dp_1", fee=1500, reason="fraudulent")


def refunded_already(order):
    with transaction():
        refunds.refund(order)


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (too_late, "The 14 days in which a course may be given back are over."),
        (too_far, "The buyer has completed 50 % of the course; a refund is possible below 30 %."),
        (disputed, "The buyer's bank has asked for this payment back."),
        (refunded_already, "Only a course that is paid can be refunded."),
    ],
)
def test_an_admin_refunds_no_more_than_the_buyer_may_and_reads_what_remains(ada, log_in, order, happens, sentence):
    happens(order)
    browser = log_in(ada)
    page = said(browser.get(f"/admin/orders/{order.id}"))
    assert sentence in page and "Refund the order" not in page
    assert ("For good will send the money back in the gateway's own pages" in page) is order.is_paid
    if order.is_paid:
        with pytest.raises(DomainError) as refusal:
            refund_desk.refund(order, ada, "Please.")
        assert str(refusal.value) in page and not isinstance(refusal.value, Forbidden)


def test_the_days_are_those_of_the_rulebook_of_the_order(ada, order):
    rules = rulebook.version(order.rule_version)
    clock.advance(timedelta(days=rules.refund_days) - timedelta(minutes=1))
    with transaction():
        assert refund_desk.refund(order, ada, "In time.").state == "refunded"


def test_a_part_sent_back_by_hand_is_shown_and_not_sent_twice(browser, order, ada):
    pay(order, kind="refund.succeeded", refund="re_by_hand", amount=1000)
    page = said(browser.get(f"/admin/orders/{order.id}"))
    assert "A part sent back by hand" in page and "to be booked" in page and "Back to the card 62.00 €" in page
    browser.post(f"/admin/orders/{order.id}/refund", data={"refund-reason": "All of it."})
    assert db.session.query(Refund.amount).all() == [(6200,)]


def test_one_that_is_not_there_is_not_found_and_others_do_not_see_any(browser, order, log_in, bruno):
    assert browser.get("/admin/orders/99999").status_code == 404
    assert log_in(bruno).get(f"/admin/orders/{order.id}").status_code == 403


def test_an_order_takes_the_same_statements_whatever_befell_it(browser, order, statements):
    url = f"/admin/orders/{order.id}"
    db.session.expunge_all()
    with statements() as before:
        browser.get(url)
    pay(db.session.get(Order, order.id), kind="refund.succeeded", refund="re_by_hand", amount=1000)
    pay(db.session.get(Order, order.id), kind="refund.succeeded", refund="re_by_hand_too", amount=1000)
    with transaction():
        refund_outbox.mark_failed(send_back(db.session.get(Order, order.id)), "closed")
    db.session.expunge_all()
    with statements() as after:
        browser.get(url)
    assert len(after) <= len(before) <= 24


def test_two_admins_who_give_it_at_once_stand_in_the_log_once(app, order, ada, member):
    order_id, admins = order.id, [ada.id, member("otto", role="admin").id] * 3
    db.session.rollback()

    def give_back(by_id):
        refund_desk.refund(db.session.get_one(Order, order_id), db.session.get_one(User, by_id), "Asked by mail.")

    assert race(app, [partial(give_back, by_id) for by_id in admins]) == []
    assert (db.session.query(LogEntry).filter_by(action="order refunded").count(), db.session.query(Refund).count()) == (1, 1)
