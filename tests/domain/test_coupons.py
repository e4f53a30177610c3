"""Coupons: what they take off, how often, for whom, and until when."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import coupons, queries
from lms.domain.checkout.models import Order
from lms.domain.notices.models import Notice
from lms.errors import DomainError, Forbidden, Invalid
from tests.conftest import pay, publish, sell
from tests.races import race


@pytest.fixture
def coupon(tea):
    """coupon(percent_bp=2500) is one of tea's with the code SPRING."""

    def make(code="SPRING", **facts):
        with transaction():
            return coupons.create(tea, code, **facts or dict(percent_bp=2500))

    return make


def place(buyer, course, code="spring", key="k1"):
    with transaction():
        return checkout.place_order(buyer, course, key, code=code)


@pytest.mark.parametrize(("facts", "price"), [(dict(percent_bp=2500), 6000), (dict(percent_bp=3333), 5334), (dict(amount=1250), 6750), (dict(percent_bp=9000), 800)])
def test_it_takes_off_a_percentage_or_an_amount(facts, price, coupon, ana, course):
    coupon(**facts)
    order = place(ana, course)
    assert (order.list_price, order.price, order.coupon_off, order.share) == (8000, price, 8000 - price, -(-price // 2))


def test_of_a_cheap_course_the_lowest_price_stays(coupon, ana, tea):
    coupon(amount=5000)
    assert place(ana, publish(tea, "Cheap", price=300)).price == 100


@pytest.mark.parametrize(
    ("code", "facts", "said"),
    [
        ("A", dict(percent_bp=1), "3 to 30"),
        ("-SPRING", dict(percent_bp=1), "3 to 30"),
        ("SPRÌNG", dict(percent_bp=1), "3 to 30"),
        ("X" * 31, dict(percent_bp=1), "3 to 30"),
        ("SPRING", dict(percent_bp=9001), "up to 90"),
        ("SPRING", dict(percent_bp=0), "up to 90"),
        ("SPRING", dict(amount=0), "above zero"),
        ("SPRING", {}, "either"),
        ("SPRING", dict(amount=1, percent_bp=1), "either"),
        ("SPRING", dict(percent_bp=1, most_uses=0), "from once"),
    ],
)
def test_what_is_no_coupon_is_refused(code, facts, said, tea):
    with pytest.raises(Invalid, match=said), transaction():
        coupons.create(tea, code, **facts)


def test_an_amount_leaves_the_lowest_price_of_its_course(tea, course):
    with pytest.raises(Invalid, match=r"1\.00 EUR"), transaction():
        coupons.create(tea, "SPRING", course=course, amount=7901)


def test_it_ends_after_it_begins(tea):
    now = clock.now()
    for starts_at, ends_at in ((now + timedelta(days=2), now + timedelta(days=1)), (None, now - timedelta(days=1))):
        with pytest.raises(Invalid, match="end before"), transaction():
            coupons.create(tea, "SPRING", percent_bp=1, starts_at=starts_at, ends_at=ends_at)


def test_a_code_is_a_teachers_once(coupon, member, tea):
    coupon()
    with pytest.raises(DomainError, match="already"):
        coupon("s p r i n g")
    with transaction():
        assert coupons.create(member("ugo", role="teacher"), "SPRING", percent_bp=100)


def test_only_teachers_make_them_for_their_own(ana, member, course):
    for who in (ana, member("ugo", role="teacher")):
        with pytest.raises(Forbidden), transaction():
            coupons.create(who, "SPRING", course=course, percent_bp=100)


def test_one_for_a_course_is_for_no_other(coupon, ana, tea, course):
    coupon(course=course, percent_bp=1000)
    with pytest.raises(Invalid, match="no such coupon"):
        place(ana, publish(tea, "Other", price=1000))


def test_another_teachers_is_none(coupon, ana, member):
    coupon()
    with pytest.raises(Invalid, match="no such coupon"):
        place(ana, publish(member("ugo", role="teacher"), "Other", price=1000))


@pytest.mark.parametrize(("after", "said"), [(-1, "no such coupon"), (10, "has ended")])
def test_before_and_after_its_days_it_is_worth_nothing(after, said, coupon, ana, course):
    now = clock.now()
    coupon(percent_bp=1000, starts_at=now + timedelta(days=1) if after < 0 else now, ends_at=now + timedelta(days=9))
    if after > 0:
        clock.advance(timedelta(days=after))
    with pytest.raises(Invalid, match=said):
        place(ana, course)


def test_stopped_it_is_taken_no_more_and_orders_keep_it(coupon, ana, bruno, course):
    made, order = coupon(), place(ana, course)
    with transaction():
        coupons.stop(made)
    with pytest.raises(Invalid, match="has ended"):
        place(bruno, course)
    assert pay(order).is_paid


def test_a_member_uses_it_once_also_for_another_course(coupon, ana, tea, course):
    coupon()
    sell(ana, course, code="SPRING")
    with pytest.raises(Invalid, match="used this coupon"):
        place(ana, publish(tea, "Other", price=1000), key="k2")


def test_in_two_tabs_it_is_one_order(coupon, ana, course):
    coupon(percent_bp=1000, most_uses=1)
    assert place(ana, course) is place(ana, course, key="k2")


@pytest.mark.parametrize("how", ["failed", "expired"])
def test_an_order_that_came_to_nothing_gives_its_use_back(how, coupon, ana, bruno, course):
    coupon(percent_bp=1000, most_uses=1)
    order = place(ana, course)
    with pytest.raises(Invalid, match="as often as it may"):
        place(bruno, course)
    if how == "failed":
        pay(order, kind="payment.failed")
    else:
        clock.advance(timedelta(minutes=31))
        for order_id in queries.expiring():
            with transaction():
                checkout.expire(order_id)
    assert place(bruno, course).coupon_off == 800


def test_a_late_payment_whose_use_somebody_else_took_is_held(coupon, ana, bruno, course):
    coupon(percent_bp=1000, most_uses=1)
    late = place(ana, course)
    pay(late, "p1", kind="payment.failed")
    place(bruno, course)
    pay(late, "p2")
    assert not late.is_paid


def test_of_twenty_who_want_the_last_use_one_gets_it(app, coupon, member, course):
    coupon(percent_bp=1000, most_uses=1)
    buyers = [member(f"buyer{number}").id for number in range(20)]
    user, kind, course_id = type(course.teacher), type(course), course.id
    refusals = race(app, [lambda buyer=buyer: checkout.place_order(db.session.get(user, buyer), db.session.get(kind, course_id), "k", code="SPRING") for buyer in buyers])
    assert len(refusals) == 19
    assert db.session.query(Order).count() == 1


def test_its_teacher_is_told_when_it_is_used_up(coupon, ana, bruno, tea, course):
    coupon(percent_bp=1000, most_uses=2)
    for buyer, told in ((ana, 0), (bruno, 1)):
        sell(buyer, course, buyer.name, code="SPRING")
        assert db.session.query(Notice).filter_by(user_id=tea.id, kind="coupon used up").count() == told


def test_what_they_cost_so_far(coupon, ana, bruno, tea, course):
    coupon(percent_bp=1000, most_uses=2)
    sell(ana, course, "p1", code="SPRING")
    place(bruno, course)
    (use,) = coupons.of_teacher(tea.id).items
    assert (use.uses, use.given, use.state) == (2, 800, "used up")
