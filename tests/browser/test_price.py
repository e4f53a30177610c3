"""The price at the checkout while its buyer chooses: all its figures, worked out by hand from DOMAIN.md's rules."""

import secrets
import subprocess

import pytest
from playwright.sync_api import expect

from rig import tools

STAGE = """
import os
from lms import clock, create_app
with create_app("cli", dict(os.environ)).app_context():
    from lms.db import transaction
    from lms.domain.accounts import queries as members
    from lms.domain.checkout import coupons
    from lms.domain.courses import actions as courses
    from lms.domain.ledger import actions as ledger, queries as books
    buyer, teacher = members.by_email(os.environ["MEMBER"]), members.by_email("teacher@example.org")
    with transaction():
        course = courses.create(teacher, os.environ["TITLE"])
        facts = dict(summary="Of ropes.", description="Of ropes.", subject="Arts", language="en")
        courses.change(course, title=course.title, price=5000, reward_bp=200, discount_bp=1500, **facts)
        course.state, course.published_at = "published", clock.now()
        coupons.create(teacher, course.title.replace(" ", "-"), course=course, percent_bp=2500)
        ledger.post("gift " + course.title, books.platform("TEO", "issuance"), books.member(buyer.id, "TEO", "available"), 50_000_000, "grant", evidence=dict(by="test"))
    print(course.slug)
"""
# 15 % of 50.00 are 7.50, to be paid with 7.50 TEO. 10 % of the 42.50 that are left come back: 4.25 TEO.
WITHOUT_COUPON = {"Price": "50.00 €", "Paid with 7.50 TEO": "−7.50 €", "To pay": "42.50 €", "You will earn": "up to 4.25 TEO"}
# The coupon takes 25 % of 50.00: 12.50. 15 % of the 37.50 that are the price are 5.625, half up 5.63; 10 % of the 31.87 that are left are 3.187, of which 3.18 are shown.
WITH_COUPON = {"Price": "50.00 €", "Coupon {code}": "−12.50 €", "Paid with 5.63 TEO": "−5.63 €", "To pay": "31.87 €", "You will earn": "up to 3.18 TEO"}
# What buying, lessons and finishing bring of that: 2, 4 and 4 %. Of the price, half are the teacher's, what is left of the cash is the platform's.
PARTS_WITHOUT_COUPON = ["+0.85 TEO", "+1.70 TEO", "+1.70 TEO", "25.00 €", "17.50 €"]
PARTS_WITH_COUPON = ["+0.63 TEO", "+1.27 TEO", "+1.27 TEO", "18.75 €", "13.12 €"]


@pytest.fixture
def offer(newcomer, site):
    """(the checkout's address, the code of a coupon): a course of 50.00 €, up to 15 % of it in TEO, and a newcomer who has 50."""
    title = f"Knots {secrets.token_hex(3)}"
    made = subprocess.run([tools.PYTHON, "-c", STAGE], env={**site.web_env, "MEMBER": newcomer.email, "TITLE": title}, check=True, capture_output=True, text=True)
    return f"/courses/{made.stdout.split()[-1]}/checkout", title.replace(" ", "-").upper()


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
