"""TEO in part of a price: set aside with the order, in escrow with the payment, back when nothing comes of it."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import orders, queries
from lms.domain.checkout.models import Order
from lms.domain.checkout.order_accounts import Book
from lms.domain.checkout.terms import terms
from lms.domain.learning import queries as learning
from lms.domain.ledger import actions as ledger_actions
from lms.domain.ledger import queries as ledger
from lms.domain.wallet.queries import balance
from lms.errors import DomainError, Invalid
from tests.conftest import give, pay, publish, teo
from tests.races import PATIENCE, race, until_somebody_waits


@pytest.fixture
def rich(ana):
    give(ana, 50)
    return ana


def place(buyer, course, key="k1", level_bp=1000, **more):
    with transaction():
        return checkout.place_order(buyer, course, key, level_bp=level_bp, **more)


def parts(user):
    found = balance(user.id)
    return found.available, found.reserved


def expire():
    clock.advance(timedelta(minutes=31))
    for order_id in queries.expiring():
        with transaction():
            checkout.expire(order_id)


def test_an_order_sets_its_teo_aside(rich, course):
    order = place(rich, course)
    assert (order.discount, order.cash, order.total) == (800, 7200, 7200)
    assert parts(rich) == (teo(42), teo(8))


def test_what_is_set_aside_and_given_back_names_its_order(rich, course):
    order = place(rich, course)
    with transaction():
        orders.close(order, "expired")
    steps = [ledger.transfer(f"order:{order.id}:{what}:1") for what in ("reserved", "given back")]
    facts = {"order": order.id, "course": "How chains work", "level": 1000, "price": 8000}
    assert [(step.reason, step.evidence) for step in steps] == [("order placed", facts), ("order closed", facts)]


def test_a_third_of_a_cent_is_rounded_half_up(rich, tea):
    order = place(rich, publish(tea, "Odd", price=3333))
    assert (order.discount, order.tokens) == (333, teo(3.33))


def test_the_payment_brings_them_to_escrow(rich, course):
    pay(place(rich, course))
    assert parts(rich) == (teo(42), 0)
    assert ledger.platform("TEO", "escrow").balance == teo(8)


def test_rewards_are_of_what_was_paid_in_cash(rich, course):
    pay(place(rich, course))
    assert learning.enrolment(rich.id, course.id).paid == 7200
    assert balance(rich.id).maturing == teo(1.44)


def test_vat_is_of_what_was_paid_in_cash(rich, course):
    order = place(rich, course, vat_rate=2200)
    assert (order.vat, order.total) == (1584, 8784)


def test_they_come_back_when_the_payment_fails(rich, course):
    pay(place(rich, course), kind="payment.failed")
    assert parts(rich) == (teo(50), 0)


def test_they_come_back_when_nobody_pays_within_half_an_hour(rich, course):
    order = place(rich, course)
    expire()
    assert order.state == "expired"
    assert parts(rich) == (teo(50), 0)


def test_a_late_payment_sets_them_aside_again(rich, course):
    order = place(rich, course)
    expire()
    pay(order)
    assert order.is_paid
    assert parts(rich) == (teo(42), 0)


def test_a_late_payment_whose_teo_are_spent_is_held(rich, course, tea):
    order = place(rich, course)
    expire()
    for number in range(4):
        place(rich, publish(tea, f"Course {number}", price=12000), key=f"other {number}")
    pay(order)
    assert order.state == "expired"
    assert parts(rich) == (teo(2), teo(48))
    assert ledger.platform("EUR", "escrow").balance == 7200


def test_failed_then_paid_then_failed_moves_them_once(rich, course):
    order = place(rich, course)
    pay(order, kind="payment.failed")
    pay(order)
    pay(order, "late", kind="payment.failed")
    assert order.is_paid
    assert parts(rich) == (teo(42), 0)


def test_who_has_too_few_is_told_and_gets_no_order(rich, tea):
    dear = publish(tea, "Dear", price=60000)
    with pytest.raises(DomainError, match=r"60\.00 TEO"):
        place(rich, dear)
    assert queries.orders_of(rich.id).total == 0


@pytest.mark.parametrize("level_bp", [1500, 999, -1, 10_000])
def test_only_levels_the_course_offers_are_taken(level_bp, rich, course):
    with pytest.raises(Invalid):
        place(rich, course, level_bp=level_bp)


def test_the_teacher_may_allow_fifteen_percent_or_nothing(rich, course):
    course.discount_bp = 1500
    assert terms(course, level_bp=1500).discount == 1200
    course.discount_bp = 0
    with pytest.raises(Invalid):
        place(rich, course, level_bp=500)


def test_the_same_key_sets_aside_once(rich, course):
    assert place(rich, course) is place(rich, course)
    assert parts(rich) == (teo(42), teo(8))


def test_another_tab_on_the_same_terms_shares_the_order(rich, course):
    assert place(rich, course) is place(rich, course, key="k2")


def test_another_level_closes_the_order_that_waits(rich, course):
    first = place(rich, course)
    second = place(rich, course, key="k2", level_bp=500)
    assert (first.state, second.state) == ("expired", "open")
    assert parts(rich) == (teo(46), teo(4))


def test_of_two_orders_of_a_course_the_paid_one_closes_the_other(rich, course):
    first = place(rich, course)
    second = place(rich, course, key="k2", level_bp=500)
    pay(first)
    assert (first.state, second.state) == ("paid", "expired")
    assert parts(rich) == (teo(42), 0)


def test_who_froze_his_wallet_pays_no_part_in_teo(rich, course):
    with transaction():
        accounts.freeze(rich)
    with pytest.raises(DomainError, match="frozen"):
        place(rich, course)
    assert parts(rich) == (teo(50), 0)
    assert place(rich, course, level_bp=0).is_open


def test_a_late_payment_and_a_reward_do_not_wait_for_each_other(app, rich, course, monkeypatch):
    """Whose TEO were locked before the platform's accounts waited for who had locked them the other way round."""
    late, rich_id, is_locking, is_rewarded = place(rich, course).id, rich.id, threading.Event(), threading.Event()
    expire()
    place(rich, course, key="k2", level_bp=500)

    def locked(order):
        is_locking.set()
        until_somebody_waits(unless=is_rewarded.is_set)
        return Book(order)

    def reward():
        is_locking.wait(PATIENCE)
        ledger_actions.post("reward", ledger.platform("TEO", "issuance"), ledger.member(rich_id, "TEO", "available"), teo(1), "lesson", evidence={"lesson": "Knots"})
        is_rewarded.set()

    def arrive():
        event = dict(id="e1", kind="payment.succeeded", reference="pay_1", order_id=late, amount=7200, currency="EUR")
        checkout.receive("sandbox", SimpleNamespace(**event))

    db.session.rollback()
    for module in (checkout, orders):
        monkeypatch.setattr(module, "Book", locked)
    assert race(app, [arrive, reward]) == []
    assert (db.session.get_one(Order, late).state, parts(rich)) == ("paid", (teo(43), 0))
