"""An admin decides nothing about the money of what he bought or sold himself."""

from datetime import timedelta

import pytest

from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.checkout import gateway_comparison, parties, refund_outbox, refunds, refunds_by_hand
from lms.domain.checkout.payment_models import Payment, Refund, RefundByHand
from lms.domain.ledger.models import Transfer
from lms.errors import Forbidden
from lms.gateways.payments import Taken
from tests.conftest import pay, sell


@pytest.fixture
def order(ana, course):
    return sell(ana, course)


@pytest.fixture(params=["buyer", "teacher"])
def own(request, order):
    """An admin by now: who bought it, or who sold it."""
    user = getattr(order, request.param)
    with transaction():
        user.role = "admin"
    return user


@pytest.fixture
def part(order):
    pay(order, kind="refund.succeeded", refund="re_by_hand", amount=100)
    return db.session.query(RefundByHand).one()


@pytest.fixture
def held(order):
    """Money that came for it a second time."""
    pay(order, "pay_2")
    return db.session.query(Payment).filter_by(state="held").one()


def refused(verb, *values):
    moved = db.session.query(Transfer).count()
    with pytest.raises(Forbidden, match="You bought or sold it yourself"), transaction():
        verb(*values)
    return db.session.query(Transfer).count() == moved


@pytest.mark.parametrize("verb", [refunds_by_hand.bear, refund_outbox.take_sale_back])
def test_he_does_not_say_what_a_refund_by_hand_of_his_was(verb, order, part, own, ada):
    assert refused(verb, part, own)
    assert (order.state, part.state) == ("paid", "told")
    with transaction():
        verb(part, ada)
    assert (order.state, part.state) in {("paid", "borne"), ("refunded", "settled")}


def test_he_sends_no_money_back_that_came_for_it(held, own, ada):
    assert refused(refunds.return_held, held, own) and held.state == "held"
    with transaction():
        refunds.return_held(held, ada)
    assert held.state == "returned"


def told_of_held(order):
    pay(order, "pay_2")


def told_of_a_dispute(order):
    pay(order, kind="dispute.opened", dispute="dp_1", fee=0)


def told_of_one_by_hand(order):
    pay(order, kind="refund.succeeded", refund="re_by_hand", amount=100)


def told_of_a_refund_that_failed(order):
    with transaction():
        refunds.refund(order)
        refund_outbox.mark_failed(db.session.query(Refund).one(), "no such card")


def told_that_the_books_differ(order):
    paid = db.session.query(Payment).one()
    with transaction():
        gateway_comparison.compare("sandbox", [], paid.received_at, paid.received_at + timedelta(days=1))


def told_of_one_we_do_not_know(order):
    with transaction():
        gateway_comparison.compare("sandbox", [Taken("pay_9", order.id, 100, "EUR", 0, False)], *[db.session.query(Payment).one().received_at] * 2)


TELLINGS = [told_of_held, told_of_a_dispute, told_of_one_by_hand, told_of_a_refund_that_failed, told_that_the_books_differ, told_of_one_we_do_not_know]


@pytest.mark.parametrize("tell", TELLINGS)
def test_he_closes_no_incident_about_it(tell, order, own, ada):
    tell(order)
    incident = db.session.query(Incident).one()
    assert refused(parties.close_incident, incident, own, "It was nothing.") and incident.closed_at is None
    with transaction():
        parties.close_incident(incident, ada, "Asked the bank.")
    assert incident.closed_by_id == ada.id


@pytest.mark.parametrize("details", [{}, {"payment": None, "order": None}, {"their_order": 999}, {"order": 999}, {"payment": 999}, {"dispute": 999}])
def test_one_about_no_order_of_ours_is_closed_by_any_admin(details, ada):
    with transaction():
        audit.open_incident("payments differ", "sandbox:pay_1", **details)
        parties.close_incident(db.session.query(Incident).one(), ada, "Nothing of ours.")
    assert db.session.query(Incident).one().closed_at


def test_his_page_refuses_him_and_says_why(order, own, held, log_in):
    incident = db.session.query(Incident).one()
    browser = log_in(own)
    for what in ("closing", "return"):
        answer = browser.post(f"/admin/incidents/{incident.id}/{what}", data={"note": "For me."})
        assert answer.status_code == 403 and "another admin decides" in answer.text
    assert (held.state, incident.closed_at) == ("held", None)
