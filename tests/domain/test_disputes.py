"""What a bank asks back, in whatever order the gateway tells it, and what it charges for asking."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.certificates import actions as certificates
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import splits
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.learning.models import Enrolment
from lms.domain.ledger import queries as books
from lms.errors import DomainError
from tests.conftest import give, sell, teo
from tests.races import PATIENCE, race, until_somebody_waits

FEE = 1500


@pytest.fixture
def order(ana, course):
    """One of 80 EUR with 8 TEO of discount that waits for its payment."""
    give(ana, 20)
    with transaction():
        return checkout.place_order(ana, course, "k1", level_bp=1000)


def told(kind, number=1, **facts):
    """An event as Stripe tells it: of a dispute it names no order."""
    about = dict(reference="pay_1", order_id=None, amount=7200, currency="EUR", dispute="dp_1", fee=FEE, reason="fraudulent", answer_by=None)
    return SimpleNamespace(**dict(id=f"{kind} {number}", kind=kind) | about | facts)


def hear(*events):
    for event in events:
        with transaction():
            checkout.receive("stripe", event)


def euros(name):
    return books.platform("EUR", name).balance


def test_one_that_was_lost_before_its_payment_came_reverses_the_sale_then(order, ana):
    hear(told("dispute.lost"))
    assert db.session.query(Dispute.payment_id, Dispute.state).one() == (None, "lost")
    hear(told("payment.succeeded", order_id=order.id))
    assert (order.state, enrolments.enrolment(ana.id, order.course_id)) == ("charged back", None)
    assert (euros("cards"), euros("platform"), euros("escrow")) == (FEE, -FEE, 0)
    assert books.member(ana.id, "TEO", "available").balance == teo(20)
    assert (books.unbalanced_assets(), books.wrong_balances()) == (0, 0)


def test_its_incident_says_whose_it_is_once_the_payment_has_come(order):
    hear(told("dispute.lost"))
    assert "order" not in db.session.query(Incident).one().details
    hear(told("payment.succeeded", order_id=order.id))
    lost = db.session.query(Incident).filter_by(kind="dispute lost").one()
    assert (lost.details["order"], lost.details["address"], lost.details["amount"]) == (order.id, "ana@example.org", 7200)


def test_an_incident_an_admin_has_closed_meanwhile_is_opened_again(order, ada):
    hear(told("dispute.lost"))
    with transaction():
        audit.close_incident(db.session.query(Incident).one(), ada, "Looked at.")
    hear(told("payment.succeeded", order_id=order.id))
    assert db.session.query(Incident).filter_by(closed_at=None).one().details["order"] == order.id


def test_one_only_opened_or_won_before_its_payment_leaves_the_sale(order):
    hear(told("dispute.opened"), told("dispute.won", fee=0), told("payment.succeeded", order_id=order.id))
    assert (order.state, euros("cards"), db.session.query(Dispute).one().payment.reference) == ("paid", -7200, "pay_1")


def test_one_lost_before_money_that_pays_nothing_takes_that_money(order):
    hear(told("dispute.lost"), told("payment.succeeded", order_id=None))
    assert db.session.query(Payment).one().state == "returned"
    assert (order.state, euros("escrow"), euros("platform")) == ("open", 0, -FEE)


def test_one_of_another_gateway_or_payment_is_not_the_payments(order):
    hear(told("dispute.lost", reference="pay_2"))
    with transaction():
        checkout.receive("sandbox", told("dispute.lost", dispute="dp_2"))
    hear(told("payment.succeeded", order_id=order.id))
    assert order.state == "paid"


@pytest.mark.parametrize("kind", ["dispute.won", "dispute.lost"])
def test_its_fee_is_the_platforms_however_it_ends(kind, order, tea):
    with transaction():
        splits.set_policy(tea, 0)
    hear(told("payment.succeeded", order_id=order.id))
    kept, hers = euros("platform"), books.member(tea.id, "EUR", "maturing").balance
    hear(told("dispute.opened"), told(kind), told(kind, 2))
    is_won = kind == "dispute.won"
    assert (euros("cards"), euros("platform")) == ((FEE - 7200, kept - FEE) if is_won else (FEE, -FEE))
    assert hers == 4000 and books.member(tea.id, "EUR", "maturing").balance == (hers if is_won else 0)


def test_a_fee_given_back_after_it_was_won_is_the_platforms_again(order):
    hear(told("payment.succeeded", order_id=order.id))
    kept = euros("platform")
    hear(told("dispute.won"), told("dispute.won", 2, fee=0), told("dispute.won", 3))
    assert (euros("cards"), euros("platform"), db.session.query(Dispute.fee).one()) == (-7200, kept, (0,))


def test_a_fee_given_back_is_none_when_the_older_event_comes_later(order):
    hear(told("payment.succeeded", order_id=order.id), told("dispute.opened"))
    kept = euros("platform")
    hear(told("dispute.won", fee=0), told("dispute.won", 2))
    assert (euros("platform"), db.session.query(Dispute.fee).one()) == (kept, (0,))


def test_a_fee_told_before_the_payment_is_booked_once_that_comes(order):
    hear(told("dispute.won"), told("dispute.won", 2, fee=500))
    assert euros("platform") == 0
    hear(told("payment.succeeded", order_id=order.id))
    assert euros("cards") == 500 - 7200


def achieved(user, course):
    """His certificate for the course whose lessons he has all done."""
    enrolment = enrolments.enrolment(user.id, course.id)
    with transaction():
        for lesson in courses.by_slug(course.slug).lessons:
            learning.complete_lesson(enrolment, lesson)
        return certificates.make(enrolment)


def test_a_certificate_of_a_course_that_is_charged_back_is_valid_no_more(order, ana, course):
    hear(told("payment.succeeded", order_id=order.id))
    mine = achieved(ana, course)
    hear(told("dispute.opened"))
    assert mine.revoked_at is None
    hear(told("dispute.lost"))
    assert (order.state, mine.revoked_at is not None) == ("charged back", True)
    with pytest.raises(DomainError, match="taken back"), transaction():
        certificates.make(db.session.query(Enrolment).one())


def test_who_buys_it_again_gets_another(order, ana, course):
    hear(told("payment.succeeded", order_id=order.id))
    first = achieved(ana, course)
    hear(told("dispute.lost"))
    sell(ana, course, "pay_2")
    with transaction():
        second = certificates.make(enrolments.enrolment(ana.id, course.id))
    assert second.id != first.id and second.digest != first.digest and second.revoked_at is None


@pytest.mark.parametrize("facts", [dict(amount=100), dict(reference="pay_2")])
def test_a_sale_that_stays_keeps_its_certificate(facts, order, ana, course):
    hear(told("payment.succeeded", order_id=order.id), told("payment.succeeded", 2, reference="pay_2", order_id=order.id))
    mine = achieved(ana, course)
    hear(told("dispute.lost", **facts))
    assert (order.state, mine.revoked_at) == ("paid", None)


@pytest.mark.parametrize("is_first", [True, False])
def test_told_at_the_same_moment_as_its_payment_it_is_lost_by_neither(is_first, app, order):
    order_id, is_heard = order.id, threading.Event()
    events = [told("dispute.lost"), told("payment.succeeded", order_id=order_id)]
    first, second = events if is_first else reversed(events)
    db.session.rollback()

    def hear_first():
        checkout.receive("stripe", first)
        is_heard.set()
        until_somebody_waits()  # the other one has come, and nothing of this is committed

    def hear_second():
        is_heard.wait(PATIENCE)
        checkout.receive("stripe", second)

    race(app, [hear_first, hear_second])
    assert (db.session.get_one(Order, order_id).state, euros("platform")) == ("charged back", -FEE)


def test_until_when_it_is_answered_is_kept_whichever_event_tells_it(order):
    soon, later = clock.now() + timedelta(days=7), clock.now() + timedelta(days=9)
    hear(told("payment.succeeded", order_id=order.id), told("dispute.opened"))
    dispute = db.session.query(Dispute).one()
    assert dispute.answer_by is None
    hear(told("dispute.opened", 2, answer_by=soon))
    assert dispute.answer_by == soon
    hear(told("dispute.opened", 3, answer_by=later), told("dispute.won", 4))
    assert (dispute.answer_by, dispute.state) == (later, "won"), "what is not told again stays"
