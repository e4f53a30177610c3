"""A teacher's page of coupons."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import coupons
from lms.domain.checkout.models import Coupon

PLACE = "/teach/coupons/"
FORM = {"code": "spring-25", "course": "0", "kind": "percent", "worth": "25"}


@pytest.fixture
def browser(log_in, tea, course):
    return log_in(tea)


def test_a_coupon_is_made_and_listed(browser):
    assert browser.post(PLACE, data=FORM).status_code == 303
    made = db.session.query(Coupon).one()
    assert (made.code, made.percent_bp, made.amount, made.course_id, made.most_uses) == ("SPRING-25", 2500, None, None, None)
    page = browser.get(PLACE).text
    assert "SPRING-25" in page and "25 % off" in page and "all your courses" in page and "runs" in page and "0.00 € taken off" in page


def test_an_amount_for_one_course_with_limits(browser, tea, course):
    with transaction():
        tea.time_zone = "Europe/Rome"
    day = clock.now().date() + timedelta(days=3)
    browser.post(PLACE, data=FORM | {"course": str(course.id), "kind": "amount", "worth": "12,50", "most_uses": "5", "last_day": day.isoformat()})
    made = db.session.query(Coupon).one()
    assert (made.amount, made.course_id, made.most_uses) == (1250, course.id, 5)
    assert made.ends_at == datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Rome")) + timedelta(days=1)
    page = browser.get(PLACE).text
    assert "12.50 € off" in page and "used 0 of 5 times" in page and "/courses/how-chains-work/checkout?code=SPRING-25" in page


def test_a_coupon_says_its_last_day_and_one_to_come_its_first(browser):
    browser.post(PLACE, data=FORM | {"first_day": "2098-12-30", "last_day": "2099-01-02"})
    page = browser.get(PLACE).text
    assert "30 Dec 2098" in page and "2 Jan 2099" in page and "not begun" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": ""}, "Write a code."),
        ({"worth": ""}, "Write how much"),
        ({"worth": "91"}, "up to 90 %"),
        ({"worth": "NaN"}, "Write a number"),
        ({"course": "999"}, "Not a valid choice"),
        ({"most_uses": "0"}, "from once"),
        ({"last_day": "tomorrow"}, "Not a valid date"),
        ({"last_day": "9999-12-31"}, "from 2000 to 2100"),
        ({"first_day": "0001-01-01"}, "from 2000 to 2100"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(changes, said, browser):
    answer = browser.post(PLACE, data=FORM | changes)
    assert answer.status_code == 422 and said in answer.text
    if "code" not in changes:
        assert 'value="spring-25"' in answer.text
    assert db.session.query(Coupon).count() == 0


def test_stopping_one(browser, tea):
    with transaction():
        coupon = coupons.create(tea, "SPRING", percent_bp=1000)
    assert browser.post(f"{PLACE}{coupon.id}/stop").status_code == 303
    assert "stopped" in browser.get(PLACE).text


def test_another_teachers_does_not_exist(browser, tea, member, log_in):
    with transaction():
        coupon = coupons.create(tea, "SPRING", percent_bp=1000)
    assert log_in(member("ugo", role="teacher")).post(f"{PLACE}{coupon.id}/stop").status_code == 404
    db.session.refresh(coupon)
    assert coupon.stopped_at is None


def test_students_have_no_such_page(ana, log_in):
    assert log_in(ana).get(PLACE).status_code == 403


def test_the_page_takes_as_many_statements_with_many(browser, tea, statements):
    counts = []
    for number in range(3):
        with transaction():
            coupons.create(tea, f"SPRING-{number}", percent_bp=1000)
        with statements() as seen:
            browser.get(PLACE)
        counts.append(len(seen))
    assert counts[1] == counts[2] <= 7


@pytest.mark.parametrize(
    ("changes", "said", "status"),
    [
        ({"code": "taken"}, "You have a coupon with this code already.", 409),
        ({"code": "a b"}, "3 to 30 letters", 422),
        ({"first_day": "2099-01-02", "last_day": "2099-01-01"}, "would end before it begins", 422),
    ],
)
def test_what_the_rules_refuse_is_said_by_the_form_and_nothing_typed_is_lost(changes, said, status, browser, tea):
    with transaction():
        coupons.create(tea, "taken", percent_bp=1000)
    answer = browser.post(PLACE, data=FORM | {"most_uses": "7"} | changes)
    assert answer.status_code == status and said in answer.text
    typed = FORM | changes
    assert f'value="{typed["code"]}"' in answer.text and 'value="7"' in answer.text
