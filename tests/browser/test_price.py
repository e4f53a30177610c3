"""The price at the checkout while its buyer chooses: all its figures, worked out by hand from DOMAIN.md's rules."""

import secrets

import pytest
from playwright.sync_api import expect

from tests.browser import stage
from tests.forks import fate

# 15 % of 50.00 are 7.50, to be paid with 7.50 TEO. 10 % of the 42.50 that are left come back: 4.25 TEO.
WITHOUT_COUPON = {"Price": "50.00 €", "Paid with 7.50 TEO": "−7.50 €", "To pay": "42.50 €", "You will earn": "up to 4.25 TEO"}
# The coupon takes 25 % of 50.00: 12.50. 15 % of the 37.50 that are the price are 5.625, half up 5.63; 10 % of the 31.87 that are left are 3.187, of which 3.18 are shown.
WITH_COUPON = {"Price": "50.00 €", "Coupon {code}": "−12.50 €", "Paid with 5.63 TEO": "−5.63 €", "To pay": "31.87 €", "You will earn": "up to 3.18 TEO"}
# What buying, lessons and finishing bring of that: 2, 4 and 4 %. Of the price, half are the teacher's, what is left of the cash is the platform's.
PARTS_WITHOUT_COUPON = ["+0.85 TEO", "+1.70 TEO", "+1.70 TEO", "25.00 €", "17.50 €"]
PARTS_WITH_COUPON = ["+0.63 TEO", "+1.27 TEO", "+1.27 TEO", "18.75 €", "13.12 €"]


@pytest.fixture
def offer(newcomer, site, ask):
    """(the checkout's address, the code of a coupon): a course of 50.00 €, up to 15 % of it in TEO, and a newcomer who has 50."""
    title = f"Knots {secrets.token_hex(3)}"
    assert fate(stage.offer, site.web_env, newcomer.email, title) == 0
    ((slug,),) = ask("SELECT slug FROM courses WHERE title = %s", title)
    return f"/courses/{slug}/checkout", title.replace(" ", "-").upper()


def test_all_figures_change_in_place_while_he_chooses(newcomer, offer, window, unreloaded):
    page, (address, code) = window(newcomer), offer
    page.goto(address)
    unreloaded(page)
    choose(page)
    shows(page, WITHOUT_COUPON)
    expect(page.locator(".later .amount")).to_have_text(PARTS_WITHOUT_COUPON)
    expect(page.get_by_label("15 %")).to_be_focused()
    field = page.get_by_label("Coupon")
    field.fill(code.lower())
    page.keyboard.press("Tab")
    shows(page, WITH_COUPON, code)
    expect(page.locator(".later .amount")).to_have_text(PARTS_WITH_COUPON)
    expect(page.get_by_role("button", name="Apply")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=f"{code} takes 12.50 € off.")).to_be_visible()


def test_a_wrong_coupon_is_said_in_place_and_keeps_all_he_typed(newcomer, offer, window, unreloaded):
    page, (address, code) = window(newcomer), offer
    page.goto(address)
    unreloaded(page)
    choose(page)
    field = page.get_by_label("Coupon")
    field.fill("KNOTTS")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("There is no such coupon for this course. Empty the field to buy without a coupon.")
    expect(field).to_have_value("KNOTTS")
    expect(field).to_be_focused()
    expect(page.get_by_label("15 %")).to_be_checked()
    shows(page, WITHOUT_COUPON)
    field.fill(code)
    page.keyboard.press("Enter")
    shows(page, WITH_COUPON, code)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_javascript_a_press_shows_the_same(newcomer, offer, window):
    page, (address, code) = window(newcomer, java_script_enabled=False), offer
    page.goto(address)
    choose(page)
    page.get_by_label("Coupon").fill(code)
    page.get_by_role("button", name="Apply").click()
    shows(page, WITH_COUPON, code)
    page.get_by_label("Coupon").fill("KNOTTS")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no such coupon for this course.")
    expect(page.get_by_label("Coupon")).to_have_value("KNOTTS")
    shows(page, WITHOUT_COUPON)


def choose(page):
    page.get_by_label("15 %").check()


def shows(page, figures, code=""):
    """The big number and each line beside the form."""
    expect(page.locator("#form .hero-number")).to_contain_text(figures["To pay"])
    expect(page.locator("#form dl.kv dt")).to_have_text([name.format(code=code) for name in figures])
    expect(page.locator("#form dl.kv dd")).to_have_text(list(figures.values()))
