"""Statements as a page, as CSV and as PDF."""

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pypdf import PdfReader

from lms import clock
from lms.blueprints.statements import views
from tests.conftest import give, publish, sell

PLACE = "/wallet/statements"


@pytest.fixture
def browser(ana, log_in):
    return log_in(ana)


def days():
    today = clock.now().date().isoformat()
    return f"?first={today}&last={today}"


def test_months_are_offered_as_far_as_the_member_has_been_here(ana, log_in):
    ana.created_at = clock.now().replace(day=15)
    clock.advance(timedelta(days=62))
    page, today = log_in(ana).get(PLACE).text, clock.now().date()
    for kind in ("days", "days.csv", "days.pdf"):
        months = [tuple(map(date.fromisoformat, each)) for each in re.findall(rf'href="{PLACE}/{kind}\?first=([\d-]+)&amp;last=([\d-]+)"', page)]
        assert len(months) == 3 and months[0][1] == today
        assert [last for _, last in months[1:]] == [first - timedelta(days=1) for first, _ in months[:-1]]
        assert {first.day for first, _ in months} == {1}


def test_the_csv_adds_up_to_the_last_digit(ana, tea, browser):
    give(ana, 12.345678)
    sell(ana, publish(tea, "Knots", price=3333), level_bp=500)
    rows = list(csv.reader(io.StringIO(browser.get(f"{PLACE}/days.csv{days()}").data.decode("utf-8-sig"))))
    opening, *lines, closing = rows[1:]
    assert (opening[1], closing[1]) == ("Opening", "Closing")
    assert Decimal(opening[7]) + sum(Decimal(line[5] or 0) for line in lines) == Decimal(closing[7]) == Decimal("11.308878")


def test_a_formula_in_a_title_stays_a_text(ana, tea, browser):
    sell(ana, publish(tea, "=HYPERLINK(1)", price=1000))
    text = browser.get(f"{PLACE}/days.csv{days()}").data.decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text and ",=HYPERLINK" not in text


def test_page_and_pdf_say_the_same(ana, tea, browser):
    give(ana, 50)
    sell(ana, publish(tea, "Knots", price=10_000), level_bp=1000)
    page = browser.get(f"{PLACE}/days{days()}").text
    answer = browser.get(f"{PLACE}/days.pdf{days()}")
    paper = "\n".join(each.extract_text() for each in PdfReader(io.BytesIO(answer.data)).pages)
    for said in ("Discount on an order", "Purchase reward", "\u221210.00", "+1.80", "41.80"):
        assert said in page and said in paper
    assert answer.mimetype == "application/pdf" and paper.count(f"{clock.now():%-d %b %Y}, ") == page.count("/wallet/movements/")


def test_page_and_pdf_say_every_digit_so_that_they_add_up(ana, browser):
    give(ana, 12.345678)
    page = browser.get(f"{PLACE}/days{days()}").text
    paper = "".join(each.extract_text() for each in PdfReader(io.BytesIO(browser.get(f"{PLACE}/days.pdf{days()}").data)).pages)
    assert page.count("12.345678") == paper.count("12.345678") == 4


def test_in_italian(ana, browser):
    ana.locale = "it"
    give(ana, 1)
    assert "1,00" in browser.get(f"{PLACE}/days{days()}").text


@pytest.mark.parametrize("query", ["", "?first=2026-01-01", "?first=nonsense&last=2026-01-01", "?first=0001-01-01&last=0001-01-02", "?first=2026-02-01&last=2026-01-01", "?first=2020-01-01&last=2026-01-01"])
@pytest.mark.parametrize("kind", ["days", "days.csv", "days.pdf"])
def test_days_that_are_none_are_refused_in_a_sentence(kind, query, browser):
    assert browser.get(f"{PLACE}/{kind}{query}").status_code == 422


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [("2026-02-01", "2026-01-01", "The last day is before the first."), ("2020-01-01", "2026-01-01", "over at most 366 days"), ("1999-01-01", "2026-01-01", "Choose a day from 2000 to 2100.")],
)
def test_days_that_make_no_statement_stand_in_the_form_beside_the_reason(first, last, said, browser):
    page = browser.get(f"{PLACE}/days?first={first}&last={last}").text
    assert said in page and f'value="{first}"' in page and f'value="{last}"' in page


def test_a_paper_that_would_keep_others_waiting_is_refused(ana, browser, monkeypatch):
    monkeypatch.setattr(views, "MOST_ON_PAPER", 1)
    give(ana, 1)
    assert browser.get(f"{PLACE}/days.pdf{days()}").status_code == 200
    give(ana, 2)
    refused = browser.get(f"{PLACE}/days.pdf{days()}")
    assert refused.status_code == 422 and "at most 1 lines" in refused.text
    assert browser.get(f"{PLACE}/days.csv{days()}").status_code == 200
    assert [browser.get(f"{PLACE}/days.pdf").status_code for _ in range(29)] == [422] * 28 + [429]


def test_many_lines_are_shown_page_by_page_and_the_totals_are_of_all(ana, browser, monkeypatch):
    monkeypatch.setattr(views, "LINES", 2)
    for amount in (1, 2, 4):
        give(ana, amount)
    first, second = (browser.get(f"{PLACE}/days{days()}{page}").text for page in ("", "&page=2"))
    assert [[page.count(amount) for amount in ("+1.00<", "+2.00<", "+4.00<")] for page in (first, second)] == [[1, 1, 0], [0, 0, 1]]
    assert all("3 in all" in page and "<strong>7.00</strong>" in page for page in (first, second))
    assert f"{days()}&page=2".replace("&", "&amp;") in first and f"{days()}&page=1".replace("&", "&amp;") in second


def test_they_are_for_members(client):
    assert [client.get(f"{PLACE}{path}").status_code for path in ("", f"/days{days()}", f"/days.csv{days()}")] == [302] * 3


def test_the_page_takes_as_many_statements_with_many_lines(ana, browser, statements):
    counts = []
    for number in range(1, 4):
        give(ana, number)
        with statements() as seen:
            browser.get(f"{PLACE}/days{days()}")
        counts.append(len(seen))
    assert counts[0] == counts[2] <= 6
