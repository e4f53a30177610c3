"""A teacher's year in euros as a page, a table and a paper."""

import csv
import io

import pytest
from pypdf import PdfReader

from lms import clock
from lms.db import transaction
from lms.domain.checkout import refunds
from lms.domain.withdrawals import payout_details
from tests.conftest import publish, sell
from tests.domain.test_payout_details import DETAILS


@pytest.fixture
def year(app):
    return clock.now().year


@pytest.fixture
def browser(log_in, tea, ana, bruno):
    """Of a teacher who sold two courses, one of them to two, and gave one back."""
    knots, bees = publish(tea, "=Knots()", price=10_000), publish(tea, "Bees", price=2000)
    sell(ana, knots, "p1")
    sell(bruno, knots, "p2")
    with transaction():
        refunds.refund(sell(ana, bees, "p3"))
    return log_in(tea)


def rows(answer):
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def words(answer):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def test_the_page_shows_what_came_and_went(browser, year):
    assert browser.get("/teach/statements/").location == f"/teach/statements/{year}"
    page = browser.get(f"/teach/statements/{year}").text
    for said in ("=Knots()", "2 sales", "+100.00 €", "Bees", "1 refund", "\u221210.00 €", "the year is not over", f"/teach/statements/{year}.pdf", f"/teach/statements/{year}.csv"):
        assert said in page
    assert 'href="/teach/statements/"' in browser.get("/teach/payouts").text


def test_the_table_foots_and_holds_no_formula(browser, year):
    answer = browser.get(f"/teach/statements/{year}.csv")
    assert answer.mimetype == "text/csv" and answer.headers["Content-Disposition"] == f'attachment; filename="schoolplatform-euros-{year}.csv"'
    head, opening, *lines, closing = rows(answer)
    assert head == ["Line", "What", "Day", "Number", "Reference", "EUR"]
    assert [(line[0], line[1], line[3], line[5]) for line in lines] == [("Sale", "'=Knots()", "2", "100.00"), ("Sale", "Bees", "1", "10.00"), ("Refund", "Bees", "1", "-10.00")]
    assert (opening[5], closing[5]) == ("0.00", "100.00")


def test_the_paper_says_for_whom_and_foots(browser, year, tea):
    with transaction():
        payout_details.enter(tea, **DETAILS)
    answer = browser.get(f"/teach/statements/{year}.pdf")
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")
    said = words(answer)
    for part in (f"Yearly statement {year}", "Tea Teacher", "Via Roma 1, 50100 Firenze, IT", "IT01234567890", "=Knots()", "Bees", "Opening", "Closing", "100.00 €"):
        assert part in said.replace("\u202f", " ")
    assert DETAILS["iban"] not in said


def test_a_year_without_anything_is_a_statement_too(log_in, member, year):
    browser = log_in(member("ugo", role="teacher"))
    assert "Nothing came and nothing went" in browser.get(f"/teach/statements/{year}").text
    assert [row[5] for row in rows(browser.get(f"/teach/statements/{year}.csv"))] == ["EUR", "0.00", "0.00"]
    assert "Ugo" in words(browser.get(f"/teach/statements/{year}.pdf"))


@pytest.mark.parametrize("ending", ["", ".csv", ".pdf"])
def test_years_that_were_not_are_not_found(browser, year, ending):
    for other in (year - 1, year + 1, "0000", "9999"):
        assert browser.get(f"/teach/statements/{other}{ending}").status_code == 404


@pytest.mark.parametrize("ending", ["", ".csv", ".pdf"])
def test_students_have_none(log_in, ana, year, ending):
    assert log_in(ana).get(f"/teach/statements/{year}{ending}").status_code == 403
