"""Invoices and credit notes as their buyer gets them."""

import io
import re

import pytest
from pypdf import PdfReader

from lms import seller
from lms.db import transaction
from lms.domain.checkout import coupons, papers, refunds
from tests.conftest import give, sell


@pytest.fixture
def shop():
    """The platform as a seller that is told on paper."""
    seller.use("Scuola S.r.l.", "Via Larga 1, Milano", "IT01234567890")
    yield
    seller.use("", "", "")


@pytest.fixture
def order(ana, course, shop):
    give(ana, 50)
    return sell(ana, course, level_bp=1000, vat_rate=2200)


@pytest.fixture
def reduced(ana, tea, course, shop):
    """An order with both a coupon and a discount."""
    give(ana, 50)
    with transaction():
        coupons.create(tea, "FIVER", amount=500)
    return sell(ana, course, level_bp=1000, vat_rate=2200, code="fiver")


def text(answer):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def amounts(said, label):
    """The amount beside each line of this label."""
    return re.findall(rf"{label}\s+(\S+ €)", said)


def test_the_invoice_says_who_what_and_how_much(order, ana, log_in):
    client = log_in(ana)
    number = papers.of_order(order.id)["invoice"].number
    assert number in client.get(f"/orders/{order.id}").text
    answer = client.get(f"/orders/{order.id}/invoice.pdf")
    assert (answer.mimetype, number in answer.headers["Content-Disposition"]) == ("application/pdf", True)
    said = text(answer)
    for part in (f"Invoice {number}", "Scuola S.r.l.", "IT01234567890", ana.email, "80.00 €", "Paid with 8.00 TEO", "\u22128.00 €", "72.00 €", "VAT 22 %", "15.84 €", "87.84 €", "pay_1", f"{order.paid_at:%-d %b %Y}"):
        assert part in said


def test_the_same_invoice_is_the_same_bytes(order, ana, log_in):
    client = log_in(ana)
    first, second = (client.get(f"/orders/{order.id}/invoice.pdf").data for _ in range(2))
    assert first == second


def test_its_days_are_the_same_wherever_it_is_read(order, ana, log_in):
    read = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # never the same day
        with transaction():
            ana.time_zone = zone
        read.add(log_in(ana).get(f"/orders/{order.id}/invoice.pdf").data)
    assert len(read) == 1


def test_a_credit_note_takes_it_back(order, ana, log_in):
    client = log_in(ana)
    assert client.get(f"/orders/{order.id}/credit-note.pdf").status_code == 404
    with transaction():
        refunds.refund(order)
    said = text(client.get(f"/orders/{order.id}/credit-note.pdf"))
    assert "\u221287.84 €" in said and papers.of_order(order.id)["invoice"].number in said


def test_an_invoice_has_a_line_of_its_coupon(reduced, ana, log_in):
    said = text(log_in(ana).get(f"/orders/{reduced.id}/invoice.pdf"))
    assert amounts(said, "Coupon FIVER") == ["\u22125.00 €"]
    for part in ("80.00 €", "Paid with 7.50 TEO", "\u22127.50 €", "67.50 €", "14.85 €", "82.35 €"):
        assert part in said


def test_a_credit_note_gives_the_coupon_back(reduced, ana, log_in):
    with transaction():
        refunds.refund(reduced)
    said = text(log_in(ana).get(f"/orders/{reduced.id}/credit-note.pdf"))
    assert amounts(said, "Coupon FIVER") == ["5.00 €"]
    assert "\u221282.35 €" in said


def test_an_invoice_without_a_coupon_has_no_such_line(order, ana, log_in):
    assert "Coupon" not in text(log_in(ana).get(f"/orders/{order.id}/invoice.pdf"))


def test_in_italian_for_who_reads_italian(order, ana, log_in):
    with transaction():
        ana.locale = "it"
    assert "87,84 €" in text(log_in(ana).get(f"/orders/{order.id}/invoice.pdf"))


def test_it_is_the_buyers_and_the_admins(order, bruno, tea, ada, log_in):
    place = f"/orders/{order.id}/invoice.pdf"
    assert [log_in(user).get(place).status_code for user in (bruno, tea, ada)] == [404, 404, 200]


def test_there_is_none_for_an_order_that_is_not_there(ana, log_in):
    assert log_in(ana).get("/orders/999/invoice.pdf").status_code == 404
