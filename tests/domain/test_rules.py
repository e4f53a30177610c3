"""The rules about who may do what, how much and when: examples of version 1, at and beside each edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules

rules = Rules()
PAID_AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "percent", "may"),
    [(0, 0, True), (13.99, 29, True), (14, 0, False), (15, 0, False), (0, 30, False), (0, 100, False), (14, 30, False)],
)
def test_a_refund_needs_the_days_and_little_progress(days, percent, may):
    assert rules.may_refund(PAID_AT, PAID_AT + timedelta(days=days), percent) is may


def test_without_days_or_progress_there_is_no_refund():
    assert not replace(rules, refund_days=0).may_refund(PAID_AT, PAID_AT, 0)
    assert not replace(rules, refund_below_percent=0).may_refund(PAID_AT, PAID_AT, 0)


@pytest.mark.parametrize(("amount", "may"), [(9_999_999, False), (10 * MICRO, True), (10_000 * MICRO, True), (10_000 * MICRO + 1, False)])
def test_a_withdrawal_is_of_ten_to_ten_thousand_teo(amount, may):
    assert rules.may_withdraw(amount) is may


@pytest.mark.parametrize(("cents", "may"), [(0, False), (999, False), (1000, True), (10**9, True)])
def test_a_payout_is_of_ten_euros_or_more(cents, may):
    assert rules.may_pay_out(cents) is may


@pytest.mark.parametrize(("open_count", "may"), [(0, True), (2, True), (3, False), (4, False)])
def test_three_are_open_at_a_time(open_count, may):
    assert rules.may_open_another(open_count) is may


@pytest.mark.parametrize(("asked", "left"), [(0, 50_000), (49_999, 1), (50_000, 0), (60_000, 0)])
def test_the_platform_sends_so_much_a_day(asked, left):
    assert rules.left_of_day(asked * MICRO) == left * MICRO


def test_the_platforms_day_begins_at_midnight_utc():
    assert rules.day_begins(PAID_AT) == datetime(2026, 11, 1, tzinfo=UTC)
    assert rules.day_begins(datetime.fromisoformat("2026-11-02T00:59:00+01:00")) == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(("changed_after", "waits"), [(None, 24), (-1, 24), (0, 24), (5, 29), (100, 124)])
def test_an_address_waits_from_its_linking_or_from_the_new_password_whichever_is_later(changed_after, waits):
    changed_at = None if changed_after is None else PAID_AT + timedelta(hours=changed_after)
    assert rules.usable_at(PAID_AT, changed_at) == PAID_AT + timedelta(hours=waits)


@pytest.mark.parametrize(
    ("recent", "is_teacher", "flags", "admins"),
    [
        (10, False, [], 0),
        (200, False, [], 0),
        (201, False, ["amount"], 1),
        (1000, False, ["amount"], 1),
        (1001, False, ["amount"], 2),
        (10, True, ["teacher"], 1),
        (1001, True, ["teacher", "amount"], 2),
    ],
)
def test_who_looks_at_a_withdrawal_first(recent, is_teacher, flags, admins):
    assert rules.review_flags(recent * MICRO, is_teacher) == flags
    assert rules.admins_needed(recent * MICRO, flags) == admins


def test_a_risk_flag_alone_asks_for_an_admin():
    assert (rules.admins_needed(10 * MICRO, ["risk"]), rules.admins_needed(1001 * MICRO, ["risk"])) == (1, 2)


def test_thirty_days_are_looked_at_together():
    assert rules.looks_back_to(PAID_AT) == PAID_AT - timedelta(days=30)


@pytest.mark.parametrize(
    ("own", "everyone", "wanted", "granted"),
    [(0, 0, 60, 60), (0, 0, 130, 100), (70, 70, 60, 30), (100, 100, 1, 0), (150, 150, 1, 0), (0, 9_990, 60, 10), (0, 10_000, 60, 0), (95, 9_990, 60, 5)],
)
def test_the_caps_grant_a_part_and_defer_the_rest(own, everyone, wanted, granted):
    room = rules.room(own * MICRO, everyone * MICRO)
    assert (room.granted(wanted * MICRO), room.deferred(wanted * MICRO)) == (granted * MICRO, (wanted - granted) * MICRO)


@pytest.mark.parametrize(("most_bp", "levels"), [(0, [0]), (499, [0]), (500, [0, 500]), (1000, [0, 500, 1000]), (1500, [0, 500, 1000, 1500]), (10_000, [0, 500, 1000, 1500])])
def test_the_levels_of_a_course_end_at_its_own_maximum(most_bp, levels):
    assert rules.levels_up_to(most_bp) == levels


def test_no_course_lets_pay_more_in_teo_than_the_highest_level():
    assert (rules.highest_level_bp, replace(rules, discount_levels_bp=()).highest_level_bp) == (1500, 0)


@pytest.mark.parametrize(("price", "may"), [(0, False), (99, False), (100, True)])
def test_a_course_is_sold_from_the_lowest_price_on(price, may):
    assert rules.may_cost(price) is may


@pytest.mark.parametrize(
    ("listed", "coupon", "off"),
    [
        (10_000, dict(percent_bp=2000), 2000),
        (9999, dict(percent_bp=1000), 1000),
        (10_000, dict(amount=1250), 1250),
        (1000, dict(amount=5000), 900),
        (1000, dict(percent_bp=9000), 900),
        (105, dict(percent_bp=9000), 5),
        (90, dict(amount=10), 0),
    ],
)
def test_a_coupon_leaves_the_lowest_price(listed, coupon, off):
    assert rules.coupon_off(listed, **coupon) == off
