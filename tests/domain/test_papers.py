"""Invoices and credit notes: numbered without a gap, once an order."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import coupons, papers, refunds
from lms.domain.checkout.models import Order
from lms.domain.checkout.paper_models import Invoice
from lms.domain.checkout.payment_models import Payment
from tests.conftest import give, pay, publish, sell
from tests.races import race


def numbers(kind="invoice"):
    return [paper.number for paper in db.session.query(Invoice).filter_by(kind=kind).order_by(Invoice.id)]


def test_a_purchase_has_its_invoice_with_what_was_frozen(ana, course):
    give(ana, 50)
    order = sell(ana, course, level_bp=1000, vat_rate=2200)
    facts = papers.of_order(order.id)["invoice"].facts
    assert (facts["list_price"], facts["discount"], facts["cash"], facts["vat_bp"], facts["vat"], facts["total"]) == (8000, 800, 7200, 2200, 1584, 8784)
    assert (facts["buyer"]["email"], facts["payment"]) == (ana.email, "pay_1")
    course.title, ana.name = "Another", "Another"
    db.session.flush()
    assert papers.of_order(order.id)["invoice"].facts["course"] == "How chains work"


def test_the_coupon_is_frozen_with_it(ana, tea, course):
    with transaction():
        coupon = coupons.create(tea, "TEN", percent_bp=1000)
    order = sell(ana, course, code="ten", vat_rate=2200)
    with transaction():
        coupon.code = "OTHER"
    facts = papers.of_order(order.id)["invoice"].facts
    assert (facts["coupon"], facts["list_price"], facts["coupon_off"], facts["cash"], facts["vat"], facts["total"]) == ("TEN", 8000, 800, 7200, 1584, 8784)


def test_numbers_follow_each_other_and_begin_anew_each_year(ana, tea):
    year = clock.now().year
    for number in range(3):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"p{number}")
    clock.advance(timedelta(days=366))
    sell(ana, publish(tea, "Late", price=1000), "late")
    assert numbers() == [f"{year}-000001", f"{year}-000002", f"{year}-000003", f"{clock.now().year}-000001"]


def test_a_refund_has_a_credit_note_of_its_own_series(ana, course):
    order = sell(ana, course)
    with transaction():
        refunds.refund(order)
        refunds.refund(order)
    (number,) = numbers("credit note")
    assert number.startswith("CN-") and number.endswith("-000001")
    assert papers.of_order(order.id)["credit note"].facts["invoice"] == numbers()[0]


def test_a_charge_back_has_one_too(ana, course):
    order = sell(ana, course)
    pay(order, kind="dispute.lost", dispute="dp_1", fee=0)
    assert len(numbers("credit note")) == 1


def test_a_payment_rolled_back_leaves_no_gap(ana, tea):
    first, second = (publish(tea, title, price=1000) for title in ("First", "Second"))
    with pytest.raises(ZeroDivisionError), transaction():
        order = checkout.place_order(ana, first, "k1")
        order.paid_at = clock.now()
        papers.invoice(order, Payment(reference="p"))
        raise ZeroDivisionError
    sell(ana, second)
    assert [number[-6:] for number in numbers()] == ["000001"]


def test_twenty_at_once_have_twenty_numbers_without_a_gap(app, member, course):
    orders = []
    for number in range(20):
        with transaction():
            orders.append(checkout.place_order(member(f"buyer{number}"), course, "k").id)

    def buy(order_id):
        order = db.session.get(Order, order_id)
        checkout.receive("sandbox", _event(order))

    assert race(app, [lambda order_id=order_id: buy(order_id) for order_id in orders]) == []
    assert sorted(number[-6:] for number in numbers()) == [f"{number:06}" for number in range(1, 21)]


def _event(order):
    from types import SimpleNamespace

    facts = dict(kind="payment.succeeded", order_id=order.id, amount=order.total, currency="EUR", reason="")
    return SimpleNamespace(id=f"evt {order.id}", reference=f"pay {order.id}", **facts)
