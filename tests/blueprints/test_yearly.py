"""A teacher's year in euros as a page, as CSV and as PDF: the three say the same, and it adds up."""

import csv
import io
from decimal import Decimal

import pytest
from pypdf import PdfReader

from lms import clock
from lms.db import transaction
from lms.domain.checkout import refunds
from lms.domain.withdrawals import payouts
from tests.conftest import publish, sell
from tests.domain.test_payout_details import DETAILS, bank_of
from tests.domain.test_yearly import mature
from tests.domain.test_yearly import new_year as new_year


@pytest.fixture
def tea(new_year, tea):
    return tea


@pytest.fixture
def browser(ana, bruno, tea, ada, log_in):
    """Two courses sold for 50.00 and 10.00 €, one of them taken back, and 30.00 € paid out."""
    sell(ana, publish(tea, "=Knots", price=10_000), "p1")
    with transaction():
        refunds.refund(sell(bruno, publish(tea, "Bees", price=2000), "p2"))
    mature()
    with transaction():
        bank_of(tea)
        payout = payouts.request("k", tea, 3000)
        payouts.approve(payout, ada)
        payouts.mark_paid(payout, ada, "SCT 7")
    return log_in(tea)


def place(ending=""):
    return f"/teach/statements/{clock.now().year}{ending}"


def table(browser):
    return list(csv.reader(io.StringIO(browser.get(place(".csv")).data.decode("utf-8-sig"))))[1:]


def paper(browser):
    pages = PdfReader(io.BytesIO(browser.get(place(".pdf")).data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_csv_has_each_line_and_foots(browser):
    opening, *lines, closing = table(browser)
    assert [[row[0], row[1], row[3], row[4], row[5]] for row in lines] == [
        ["Sale", "'=Knots", "1", "", "50.00"],
        ["Sale", "Bees", "1", "", "10.00"],
        ["Refund", "Bees", "1", "", "-10.00"],
        ["Payout", "To DE89 … 3000", "1", "SCT 7", "-30.00"],
    ]
    assert (opening[0], closing[0]) == ("Opening", "Closing")
    assert Decimal(opening[5]) + sum(Decimal(row[5]) for row in lines) == Decimal(closing[5]) == 20


def test_the_pdf_says_to_whom_and_the_same(browser):
    said = paper(browser)
    for part in (DETAILS["legal_name"], DETAILS["street"], DETAILS["tax_id"], "=Knots 1 50.00 €", "Bees 1 10.00 €", "Bees 1 \u221210.00 €", "SCT 7 \u221230.00 €", "Closing 20.00 €"):
        assert part in said


def test_the_same_year_is_the_same_bytes(browser, new_year, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert browser.get(place(".pdf")).data == browser.get(place(".pdf")).data


def test_the_page_says_the_same_and_leads_to_both(browser):
    page = browser.get("/teach/statements/", follow_redirects=True).text
    for part in ("=Knots", "+50.00 €", "\u221210.00 €", "\u221230.00 €", "SCT 7", "20.00 €", f'href="{place(".csv")}"', f'href="{place(".pdf")}"'):
        assert part in page


def test_before_the_first_payout_the_paper_has_the_name_alone(ana, tea, log_in):
    sell(ana, publish(tea, "Knots", price=10_000), "p1")
    said = paper(log_in(tea))
    assert tea.name in said and "Closing 50.00 €" in said and "Tax id" not in said


@pytest.mark.parametrize("ending", ["", ".csv", ".pdf"])
def test_a_year_in_which_she_was_not_here_has_none(browser, ending):
    assert [browser.get(f"/teach/statements/{year}{ending}").status_code for year in (1999, clock.now().year + 1)] == [404, 404]


@pytest.mark.parametrize("ending", ["", ".csv", ".pdf"])
def test_it_is_for_who_earns(browser, ending, ana, client, log_in):
    assert log_in(ana).get(place(ending)).status_code == 403
    client.delete_cookie("session")
    assert "/log-in" in client.get(place(ending)).location


def test_another_teachers_is_not_in_it(browser, member, log_in):
    other = log_in(member("ugo", role="teacher"))
    assert [row[0] for row in table(other)] == ["Opening", "Closing"]
    assert "Knots" not in paper(other) and "Knots" not in other.get(place()).text
