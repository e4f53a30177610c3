"""What a purchase does."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Payment
from lms.domain.checkout.receipts import receipt
from lms.domain.checkout.terms import order_looked_at
from lms.domain.courses.models import Course
from lms.domain.learning import actions as learning_actions
from lms.domain.learning import queries as learning
from lms.domain.ledger import queries as ledger
from lms.domain.wallet import queries as wallet
from lms.errors import DomainError
from tests.races import race


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


def test_a_course_unpublished_before_the_payment_is_still_delivered(order, ana, course):
    with transaction():
        course.state = "draft"
    pay(order)
    assert order.state == "paid"
    assert learning.enrolment(ana.id, course.id)


def test_an_open_order_of_an_unpublished_course_is_not_offered_again(order, ana, course):
    with transaction():
        course.state = "draft"
    with pytest.raises(DomainError, match="not for sale"):
        checkout.place_order(ana, course, "k1")


def test_a_new_price_closes_the_open_order(order, ana, course):
    with transaction():
        course.price = 9000
    with transaction():
        new = checkout.place_order(ana, course, "k1")
    assert (order.state, new.state, new.price) == ("expired", "open", 9000)


def test_money_for_an_order_closed_by_a_new_price_still_pays_it(order, ana, course):
    with transaction():
        course.price = 9000
    with transaction():
        new = checkout.place_order(ana, course, "k2")
    pay(order)
    db.session.expire_all()
    assert (order.state, new.state) == ("paid", "expired")
    assert learning.enrolment(ana.id, course.id).paid == 8000


def test_the_course_of_a_suspended_teacher_is_not_sold(ana, tea, course):
    with transaction():
        tea.suspended_at = clock.now()
    with pytest.raises(DomainError, match="not for sale"):
        checkout.place_order(ana, course, "k1")


def test_a_course_priced_before_there_was_a_lowest_price_is_not_sold(ana, course):
    """In the highest tier the rounding to cents leaves the platform nothing, and the rewards would be free."""
    with transaction():
        course.price = 2
    with pytest.raises(DomainError, match="costs less than the rules allow"):
        checkout.place_order(ana, course, "k1")


def test_a_sale_paid_after_the_teacher_was_suspended_is_still_the_teachers(order, tea):
    with transaction():
        tea.suspended_at = clock.now()
    pay(order)
    assert euros(tea, "maturing") == 4000


def test_one_payment_never_serves_two_orders(order, ana, bruno, course):
    with transaction():
        other = checkout.place_order(bruno, course, "k1")
    pay(order, 1)
    pay(other, 2, reference="pay_1")
    assert (order.state, other.state) == ("paid", "open")
    assert learning.enrolment(bruno.id, course.id) is None


def test_a_buyer_whose_money_is_looked_at_is_not_asked_to_pay_again(order, ana, course):
    pay(order, amount=7999)
    with pytest.raises(DomainError, match="You need not pay again"), transaction():
        checkout.place_order(ana, course, "k2")


def test_a_buyer_whose_money_was_looked_at_buys_again_and_no_money_moves(order, ada, ana, course):
    pay(order, amount=7999)
    held = ledger.platform("EUR", "escrow").balance
    with transaction():
        audit.close_incident(db.session.query(Incident).one(), ada, "refunded by hand")
    assert order_looked_at(ana, course) is None
    with transaction():
        assert checkout.place_order(ana, course, "k2") is order
    assert ledger.platform("EUR", "escrow").balance == held
    pay(order, 2)
    assert order.state == "paid"


def test_money_that_is_still_looked_at_is_waited_for_though_other_money_is_dealt_with(order, ada, ana, course):
    pay(order, 1, amount=7999)
    pay(order, 2, amount=7998)
    _, last = db.session.query(Incident).order_by(Incident.id)
    with transaction():
        audit.close_incident(last, ada, "refunded by hand")
    assert order_looked_at(ana, course) == order.id
    assert receipt(ana, order.id).is_looked_at


def test_money_for_a_course_joined_for_free_meanwhile_is_held(order, ana, course):
    with transaction():
        course.price = 0
    with transaction():
        learning_actions.enroll_free(ana, course)
    pay(order)
    assert order.state == "expired"
    assert db.session.query(Payment).one().why == "enrolled already"
    assert euros(course.teacher, "maturing") == 0


def test_an_expired_order_is_paid_by_money_that_comes_late(order):
    clock.advance(timedelta(hours=25))
    with transaction():
        checkout.expire(order.id)
    assert order.state == "expired"
    pay(order)
    assert order.state == "paid"


def test_an_order_that_does_not_exist_does_not_expire(app):
    with transaction():
        checkout.expire(999)


def test_the_first_order_paid_late_closes_the_second(order, ana, course):
    pay(order, 1, kind="payment.failed")
    with transaction():
        second = checkout.place_order(ana, course, "k2")
    pay(order, 2)
    db.session.expire_all()
    assert (order.state, second.state) == ("paid", "expired")
    pay(second, 3)
    assert second.state == "expired"
    assert [payment.state for payment in db.session.query(Payment).order_by(Payment.id)] == ["applied", "held"]


def in_order():
    """The ledger after a storm: every balance is its transfers', every asset sums to zero, nothing is left in escrow."""
    return ledger.wrong_balances() == ledger.unbalanced_assets() == ledger.platform("EUR", "escrow").balance == 0


def placing(buyer, course, key):
    buyer_id, course_id = buyer.id, course.id
    return lambda: checkout.place_order(db.session.get(User, buyer_id), db.session.get(Course, course_id), key)


def joining(user, course):
    user_id, course_id = user.id, course.id
    return lambda: learning_actions.enroll_free(db.session.get(User, user_id), db.session.get(Course, course_id))


def receiving(order, number=1, **changes):
    told = event(order, number, **changes)
    return lambda: checkout.receive("sandbox", told)


def test_the_same_event_eight_times_at_once_pays_once(app, order, ana):
    assert race(app, [receiving(order)] * 8) == []
    assert db.session.query(Payment).count() == 1
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert in_order()


def test_eight_events_of_one_payment_at_once_pay_once(app, order, ana):
    assert race(app, [receiving(order, number, reference="pay_1") for number in range(8)]) == []
    assert db.session.query(Payment).count() == 1
    assert wallet.balance(ana.id).maturing == 1_600_000
    assert in_order()


def test_eight_payments_of_one_order_at_once_apply_one_and_hold_the_rest(app, order, ana):
    assert race(app, [receiving(order, number) for number in range(8)]) == []
    states = sorted(payment.state for payment in db.session.query(Payment))
    assert states == ["applied"] + ["held"] * 7
    assert ledger.platform("EUR", "escrow").balance == 7 * 8000
    assert ledger.wrong_balances() == 0
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_one_payment_told_of_two_orders_at_once_pays_one(app, order, bruno, course):
    with transaction():
        other = checkout.place_order(bruno, course, "k1")
    assert race(app, [receiving(order, 1, reference="pay_1"), receiving(other, 2, reference="pay_1")]) == []
    assert sorted((order.state, other.state)) == ["open", "paid"]
    assert in_order()


def test_two_orders_of_one_buyer_paid_at_once_enrol_once(app, order, ana, course):
    with transaction():
        order.state = "failed"
    with transaction():
        second = checkout.place_order(ana, course, "k2")
    assert race(app, [receiving(order, 1), receiving(second, 2)]) == []
    assert "paid" in (order.state, second.state)
    assert sorted(payment.state for payment in db.session.query(Payment)) == ["applied", "held"]
    assert wallet.balance(ana.id).maturing == 1_600_000


def test_a_free_enrolment_racing_the_payment_enrols_once(app, order, ana, course):
    with transaction():
        course.price = 0
    assert race(app, [receiving(order), *[joining(ana, course)] * 4]) == []
    enrolment, payment = learning.enrolment(ana.id, course.id), db.session.query(Payment).one()
    assert (enrolment.paid, payment.state) in ((8000, "applied"), (0, "held"))
    assert ledger.wrong_balances() == 0


def test_eight_tabs_at_once_share_one_order(app, ana, course):
    assert race(app, [placing(ana, course, f"k{number}") for number in range(8)]) == []
    assert db.session.query(Order).count() == 1


def test_placing_expiring_and_paying_at_once_never_deadlock(app, order, ana, course):
    order_id = order.id
    deeds = [receiving(order), lambda: checkout.expire(order_id), placing(ana, course, "k2"), receiving(order, 2)]
    assert [type(error) for error in race(app, deeds)] in ([], [DomainError])
    assert order.state == "paid"
    assert ledger.wrong_balances() == 0


def test_32_buyers_at_once_are_all_enrolled_and_every_balance_is_exact(app, member, tea, course):
    buyers = [member(f"buyer{number}") for number in range(32)]
    with transaction():
        orders = [checkout.place_order(buyer, course, "k") for buyer in buyers]
    assert race(app, [receiving(order, number) for number, order in enumerate(orders)]) == []
    assert {order.state for order in orders} == {"paid"}
    assert learning.count(course.id) == 32
    assert [wallet.balance(buyer.id).maturing for buyer in buyers] == [1_600_000] * 32
    assert euros(tea, "maturing") == ledger.platform("EUR", "platform").balance == 32 * 4000
    assert ledger.platform("EUR", "cards").balance == -32 * 8000
    assert ledger.platform("TEO", "issuance").balance == -32 * 1_600_000
    assert in_order()


def test_an_order_being_placed_does_not_hold_up_rows_that_name_its_buyer(ana, course):
    """Else a lesson completed meanwhile, which holds accounts and then names the member, would deadlock with the payment."""
    checkout.place_order(ana, course, "k1")
    with db.engine.connect() as other:
        other.execute(text("SET lock_timeout = '1s'"))
        assert other.scalar(text("SELECT id FROM users WHERE id = :id FOR KEY SHARE"), {"id": ana.id}) == ana.id
