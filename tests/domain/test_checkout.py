"""What a purchase does."""

from types import SimpleNamespace

import pytest

from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.models import Order, Payment
from lms.domain.learning import queries as learning
from lms.domain.ledger import queries as ledger
from lms.domain.wallet import queries as wallet
from lms.errors import DomainError


def event(order, number=1, **changes):
    facts = dict(
        id=f"evt_{number}", kind="payment.succeeded", reference=f"pay_{number}", order_id=order.id, amount=order.total, currency="EUR"
    )
    return SimpleNamespace(**facts | changes)


@pytest.fixture
def order(ana, course):
    with transaction():
        return checkout.place_order(ana, course, "k1")


def pay(order, number=1, **changes):
    with transaction():
        checkout.receive("sandbox", event(order, number, **changes))


def euros(user, name):
    return ledger.member(user.id, "EUR", name).balance


def test_a_payment_splits_the_price_enrols_and_rewards(order, ana, tea, course):
    pay(order)
    assert order.state == "paid"
    assert euros(tea, "maturing") == 4000
    assert ledger.platform("EUR", "platform").balance == 4000
    assert ledger.platform("EUR", "cards").balance == -8000
    assert ledger.platform("EUR", "escrow").balance == 0
    assert learning.enrolment(ana.id, course.id).paid == 8000
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_the_same_event_twice_pays_once(order, ana):
    pay(order)
    pay(order)
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert db.session.query(Payment).count() == 1


def test_two_events_of_one_payment_pay_once(order, ana):
    pay(order, 1)
    pay(order, 2, reference="pay_1")
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert ledger.platform("EUR", "cards").balance == -8000


def test_a_second_payment_is_held_and_reported(order):
    pay(order, 1)
    pay(order, 2)
    assert [payment.state for payment in db.session.query(Payment).order_by(Payment.id)] == ["applied", "held"]
    assert ledger.platform("EUR", "escrow").balance == 8000
    assert db.session.query(Incident).one().kind == "payment held"


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"amount": 7999}, "wrong amount"), ({"amount": 1}, "wrong amount"), ({"currency": "USD"}, "wrong currency"), ({"order_id": 999}, "no such order")],
)
def test_a_payment_that_does_not_fit_pays_nothing(order, ana, course, changes, why):
    pay(order, **changes)
    assert order.state == "open"
    assert learning.enrolment(ana.id, course.id) is None
    assert db.session.query(Payment).one().why == why


def test_a_failure_after_success_changes_nothing(order):
    pay(order, 1)
    pay(order, 2, kind="payment.failed")
    assert order.state == "paid"


def test_a_success_after_failure_pays(order):
    pay(order, 1, kind="payment.failed")
    assert order.state == "failed"
    pay(order, 2)
    assert order.state == "paid"


def test_two_tabs_share_one_open_order(order, ana, course):
    with transaction():
        assert checkout.place_order(ana, course, "k2") is order
    assert db.session.query(Order).count() == 1


def test_a_teacher_does_not_buy_the_own_course(tea, course):
    with pytest.raises(DomainError, match="You teach this course"):
        checkout.place_order(tea, course, "k1")


def test_an_unverified_member_does_not_buy(member, course):
    with pytest.raises(DomainError, match="Confirm your e-mail"):
        checkout.place_order(member("nina", verified=False), course, "k1")


def test_an_enrolled_member_does_not_buy_again(order, ana, course):
    pay(order)
    with pytest.raises(DomainError, match="enrolled"):
        checkout.place_order(ana, course, "k2")


def test_vat_is_a_leg_of_its_own(ana, tea, course):
    with transaction():
        order = checkout.place_order(ana, course, "k1", vat_rate=2200)
    pay(order)
    assert order.total == 9760
    assert ledger.platform("EUR", "vat").balance == 1760
    assert euros(tea, "maturing") == 4000


def test_a_price_changed_later_leaves_the_order_as_it_was(order, tea, course):
    course.price = 1
    course.reward_bp = 0
    pay(order)
    assert euros(tea, "maturing") == 4000
