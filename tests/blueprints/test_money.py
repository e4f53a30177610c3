"""What a teacher's sales brought: parts, months, lines."""

import csv as reader
import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from lms import clock
from lms.db import transaction
from lms.domain.checkout import coupons, earnings, refunds, splits
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from tests.conftest import give, pay, publish, sell


@pytest.fixture
def browser(log_in, tea):
    return log_in(tea)


@pytest.fixture
def reduced(ana, tea):
    """A sale at 99.99 EUR less ten percent by a coupon."""
    with transaction():
        coupons.create(tea, "TEN", percent_bp=1000)
    return sell(ana, publish(tea, "Knots", price=9999), code="ten", vat_rate=2200)


def coupon_rows(page):
    """What each line that has a coupon says of it, newest first."""
    return re.findall(r"Coupon TEN</dt><dd[^>]*><span[^>]*>([^<]+)<", page)


def table(browser):
    """The rows of this year's CSV as {column: value}."""
    return list(reader.DictReader(io.StringIO(browser.get(f"/teach/money/{clock.now().year}.csv").data.decode("utf-8-sig"))))


def test_each_sale_is_told_from_the_list_price_to_the_net(ana, tea, browser):
    give(ana, 50)
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    sell(ana, publish(tea, "Knots", price=10_000), level_bp=1000, vat_rate=2200)
    page = browser.get("/teach/money/").text
    for said in ("100.00 €", "Paid with 10.00 TEO", "90.00 €", "19.80 €", "\u221250.00 €", "+40.00 €", "+12.50 TEO"):
        assert said in page


def test_a_refund_is_a_line_that_takes_it_back(ana, tea, course, browser):
    order = sell(ana, course)
    with transaction():
        refunds.refund(order)
    found = earnings.lines(tea.id).items
    assert [(line.sign, line.net) for line in found] == [(-1, -4000), (1, 4000)]
    page = browser.get("/teach/money/").text
    assert "taken back" in page and "\u221240.00 €" in page


def test_a_coupon_is_taken_off_a_sale_and_given_back_by_its_refund(reduced, browser):
    assert coupon_rows(browser.get("/teach/money/").text) == ["\u221210.00 €"]
    with transaction():
        refunds.refund(reduced)
    assert coupon_rows(browser.get("/teach/money/").text) == ["10.00 €", "\u221210.00 €"]


def test_a_sale_without_a_coupon_says_nothing_of_one(ana, course, browser):
    sell(ana, course)
    assert "<dt>Coupon" not in browser.get("/teach/money/").text


def test_the_csv_has_the_coupon_of_a_sale_and_of_its_refund(reduced, browser):
    with transaction():
        refunds.refund(reduced)
    columns = ("What", "List price", "Coupon", "Coupon code", "Paid in cash, without VAT", "VAT", "Platform", "To you")
    assert [[row[name] for name in columns] for row in table(browser)] == [
        ["Sale", "99.99", "-10.00", "TEN", "89.99", "19.80", "44.99", "45.00"],
        ["Refund", "-99.99", "10.00", "TEN", "-89.99", "-19.80", "-44.99", "-45.00"],
    ]


def test_one_that_waits_for_a_decision_has_no_net_yet(ana, course, browser):
    give(ana, 50)
    sell(ana, course, level_bp=1000)
    assert "waits for you" in browser.get("/teach/money/").text


def test_one_taken_back_before_its_teacher_decided_waits_for_nobody(ana, course, browser):
    give(ana, 50)
    order = sell(ana, course, level_bp=1000)
    with transaction():
        refunds.refund(order)
    page = browser.get("/teach/money/").text
    assert "taken back" in page and "waits for you" not in page


def test_months_by_course_with_what_was_refunded_taken_off(ana, bruno, tea):
    knots, bees = publish(tea, "Knots", price=10_000), publish(tea, "Bees", price=2000)
    sell(ana, knots, "p1")
    back = sell(bruno, knots, "p2")
    with transaction():
        refunds.refund(back)
    clock.advance(timedelta(days=40))
    sell(ana, bees, "p3")
    months, series = earnings.months(tea.id, "Europe/Rome")
    assert len(months) == 12
    assert [(name, sum(row)) for name, row in series] == [("Knots", 5000), ("Bees", 1000)]
    assert series[1][1][-1] == 1000 and series[0][1][-1] == 0


def test_two_courses_of_one_title_stay_two(ana, tea):
    sell(ana, publish(tea, "Knots", price=8000), "pay_1")
    sell(ana, publish(tea, "Knots", price=4000), "pay_2")
    assert [(title, sum(values)) for title, values in earnings.months(tea.id, "UTC")[1]] == [("Knots", 4000), ("Knots", 2000)]


def test_a_course_has_its_colour_also_in_a_month_without_the_others(ana, tea, log_in):
    sell(ana, publish(tea, "Knots", price=8000), "pay_1")
    clock.advance(timedelta(days=40))
    sell(ana, publish(tea, "Ropes", price=4000), "pay_2")
    page = log_in(tea).get("/teach/money/").text
    assert re.findall(r'series s-(\d)"[^>]*><title>(\w+)', page) == [("0", "Knots"), ("1", "Ropes")]


def test_a_column_is_as_high_as_its_month_and_each_course_its_part_of_it(ana, bruno, tea, log_in):
    """Of 160 pixels for the 100.00 € of the first month; where more went back than came there is no part, and the table beside it says so."""
    knots, ropes = publish(tea, "Knots", price=8000), publish(tea, "Ropes", price=4000)
    sell(ana, knots, "pay_1")
    sell(ana, ropes, "pay_2")
    back = sell(bruno, knots, "pay_3")
    clock.advance(timedelta(days=40))
    sell(bruno, ropes, "pay_4")
    pay(back, "pay_3", "dispute.lost", dispute="dp_1", fee=0)
    page = log_in(tea).get("/teach/money/").text
    assert [(title, top, height) for title, _, top, height in parts(page)] == [("Knots", 32, 128), ("Ropes", 0, 32), ("Ropes", 128, 32)]
    first, second, third = (left for _, left, _, _ in parts(page))
    assert first == second < third == pytest.approx(100 / 12 * 11.14, abs=0.01)
    assert re.findall(r'data-label="(Knots|Ropes)"><[^>]*>(\S+) €', page)[:2] == [("Knots", "\u221240.00"), ("Ropes", "20.00")]


def parts(page):
    """(course, its left side in percent, its top and its height in pixels) of each part of a column."""
    found = re.findall(r'class="series s-\d" x="([\d.]+)%" y="([\d.]+)" width="[\d.]+%" height="([\d.]+)"><title>(\w+)', page)
    return [(title, float(left), float(top), float(height)) for left, top, height, title in found]


def test_beyond_four_courses_the_rest_is_one(ana, tea):
    for number in range(6):
        sell(ana, publish(tea, f"Course {number}", price=1000 * (number + 1)), f"p{number}")
    series = earnings.months(tea.id, "UTC")[1]
    assert [name for name, _ in series] == ["Course 5", "Course 4", "Course 3", "Course 2", None]
    assert sum(sum(row) for _, row in series) == 10_500


def test_each_part_of_her_euros_stands_under_its_word(tea, ana, course, browser):
    sell(ana, course)
    with transaction():
        accounts = books.of_member(tea.id)
        ledger.post("m", accounts["EUR", "maturing"], accounts["EUR", "available"], 4000, "matured", evidence={"by": "test"})
        ledger.post("r", accounts["EUR", "available"], accounts["EUR", "requested"], 3000, "payout requested", evidence={"by": "test"})
        ledger.post("p", accounts["EUR", "requested"], books.platform("EUR", "bank"), 2500, "payout", evidence={"by": "test"})
    sell(ana, publish(tea, "Knots", price=3000), "pay_2")
    assert books.paid_out(tea.id) == 2500
    page = browser.get("/teach/money/").text
    said = re.findall(r"<dt>(Maturing|Available|Requested|Paid out)</dt><dd[^>]*>(?:<[^>]*>)*([^<]+)", page)
    assert said == [("Maturing", "15.00 €"), ("Available", "10.00 €"), ("Requested", "5.00 €"), ("Paid out", "25.00 €")]


def test_the_csv_of_a_year_has_each_line_and_sums_to_what_is_there(ana, bruno, tea, browser):
    course = publish(tea, "=Knots", price=9999)
    give(ana, 50)
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    sell(ana, course, "p1", level_bp=1000, vat_rate=2200)
    back = sell(bruno, course, "p2")
    with transaction():
        refunds.refund(back)
    rows = list(reader.reader(io.StringIO(browser.get(f"/teach/money/{clock.now().year}.csv").data.decode("utf-8-sig"))))[1:]
    assert [row[1] for row in rows] == ["Sale", "Sale", "Refund"]
    assert rows[0][3:13] == ["'=Knots", "99.99", "0.00", "", "-10.00", "89.99", "19.80", "49.99", "40.00", "12.500000"]
    assert sum(Decimal(row[11]) for row in rows) == Decimal(books.member(tea.id, "EUR", "maturing").balance) / 100


def test_another_teachers_money_is_not_shown(ana, course, member, log_in):
    sell(ana, course)
    page = log_in(member("ugo", role="teacher")).get("/teach/money/").text
    assert "No sale yet" in page


def test_students_have_no_such_page(ana, log_in):
    assert log_in(ana).get("/teach/money/").status_code == 403


def test_the_page_takes_as_many_statements_with_many_lines(ana, tea, browser, statements):
    counts = []
    for number in (1, 2, 3):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"p{number}")
        with statements() as seen:
            browser.get("/teach/money/")
        counts.append(len(seen))
    assert counts[1] == counts[2] <= 9
