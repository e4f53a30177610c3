"""An admin reads of a refund that nobody asked for here, and says what it was."""

from html import unescape

import pytest

from lms.db import db
from lms.domain.audit import queries as incidents
from lms.domain.checkout.payment_models import Refund, RefundByHand
from lms.domain.ledger import queries as books
from tests.conftest import pay, sell

PAGE = "/admin/incidents"


@pytest.fixture
def order(ana, course):
    return sell(ana, course)


@pytest.fixture
def part(order):
    pay(order, kind="refund.succeeded", refund="re_by_hand", amount=100)
    return db.session.query(RefundByHand).one()


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def test_the_page_says_whose_it_is_how_much_and_what_to_do(browser, part, course):
    page = unescape(browser.get(PAGE).text)
    for said in ("A refund we did not ask for", "Ana", "ana@example.org", course.title, "80.00 €", "1.00 €", "Say what it was: good will"):
        assert said in page
    assert f"/admin/refunds-by-hand/{part.id}/loss" in page and f"/admin/refunds-by-hand/{part.id}/reversal" in page


def test_for_good_will_it_is_the_platforms_and_the_incident_closed_once(browser, part, order):
    assert browser.post(f"/admin/refunds-by-hand/{part.id}/loss").status_code == 303
    assert browser.post(f"/admin/refunds-by-hand/{part.id}/loss").status_code == 409
    assert (order.state, books.platform("EUR", "platform").balance, incidents.open_count()) == ("paid", order.cash - order.net - 100, 0)
    assert "the sale stays" in browser.get(PAGE).text


def test_the_sale_is_taken_back_and_the_rest_sent_once(browser, part, order):
    assert browser.post(f"/admin/refunds-by-hand/{part.id}/reversal").status_code == 303
    assert browser.post(f"/admin/refunds-by-hand/{part.id}/reversal").status_code == 409
    assert (order.state, db.session.query(Refund.amount).all(), incidents.open_count()) == ("refunded", [(7900,)], 0)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (dict(amount=8000), "With it the whole payment has gone back"),
        (dict(kind="refund.failed", amount=100), "It failed: the money came back to us"),
    ],
)
def test_where_nothing_is_left_to_decide_the_page_says_so(facts, said, browser, order):
    pay(order, **dict(kind="refund.succeeded", refund="re_by_hand") | facts)
    page = unescape(browser.get(PAGE).text)
    assert said in page and "/admin/refunds-by-hand/" not in page


@pytest.mark.parametrize("verb", ["loss", "reversal"])
def test_it_is_for_admins_and_of_what_there_is(verb, browser, part, order, log_in, tea):
    assert browser.post(f"/admin/refunds-by-hand/999/{verb}").status_code == 404
    assert log_in(tea).post(f"/admin/refunds-by-hand/{part.id}/{verb}").status_code == 403
    assert order.state == "paid" and part.state == "told"
