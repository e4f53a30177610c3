"""Whatever a buyer does on his way through the payment: one enrolment, one payment, one reward."""

import time

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import PATIENCE

LATE = 90_000  # milliseconds; the late card's webhook comes after 15 seconds


@pytest.fixture
def once(wish, ask):
    """Return a function that waits until the wish came true, and looks that it did so once."""

    def happened():
        buyer = wish.member.email, wish.slug
        wish.member.until(lambda: ask(_ENROLMENTS, *buyer) != [(0,)], "nobody was enrolled")
        assert ask(_ENROLMENTS, *buyer) == [(1,)]
        assert ask(_PAYMENTS, *buyer) == [("applied",)]
        assert ask(_REWARDS, *buyer) == [("purchase",)]

    return happened


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(request, wish, window):
    return window(wish.member, java_script_enabled=request.param)


@pytest.fixture
def fast_page(wish, window):
    return window(wish.member)


def test_a_double_click_on_continue_and_on_pay_buys_once(page, wish, once):
    page.goto(wish.checkout)
    page.get_by_role("button", name="Continue to payment").dblclick()
    page.get_by_label("Card number").fill("4242424242424242")
    pay(page).dblclick()
    page.wait_for_url("**/orders/*")
    once()


def test_enter_in_the_coupon_asks_what_it_costs_and_orders_nothing(page, wish, ask):
    page.goto(wish.checkout)
    page.get_by_label("Coupon").fill("NO-SUCH")
    page.get_by_label("Coupon").press("Enter")
    expect(page.locator("#offer-refusal")).to_contain_text("There is no such coupon")
    page.wait_for_url("**/checkout?level=0&code=NO-SUCH")
    assert ask(_ORDERS, wish.member.email, wish.slug) == [(0,)]


def test_two_tabs_buy_once(fast_page, wish, once):
    tabs = [fast_page, fast_page.context.new_page()]
    for tab in tabs:
        tab.goto(wish.checkout)
    for tab in tabs:
        tab.get_by_role("button", name="Continue to payment").click()
    for tab in tabs:
        pay(tab).click()
    for tab in tabs:
        expect(tab.locator("#receipt")).to_contain_text("You are enrolled")
    once()


def test_going_back_after_the_payment_and_paying_again_buys_once(page, wish, once):
    to_payment(page, wish)
    pay(page).click()
    page.wait_for_url("**/orders/*")
    once()
    page.go_back()
    page.wait_for_url("**/sandbox/**")
    pay(page).click()
    page.wait_for_url("**/orders/*")
    expect(page.locator("#receipt")).to_contain_text("You are enrolled")
    page.goto(wish.checkout)
    expect(page.get_by_role("button", name="Continue to payment")).to_have_count(0)
    once()


def test_a_declined_card_charges_nothing_and_the_next_one_pays(fast_page, wish, once):
    to_payment(fast_page, wish)
    fast_page.get_by_label("Card number").fill("4000 0000 0000 0002")
    pay(fast_page).click()
    expect(fast_page.locator("#receipt")).to_contain_text("has not gone through")
    fast_page.get_by_role("link", name="Try again").click()
    fast_page.get_by_role("button", name="Continue to payment").click()
    pay(fast_page).click()
    expect(fast_page.locator("#receipt")).to_contain_text("You are enrolled")
    once()


def test_a_card_that_asks_first_pays_when_its_owner_confirms(fast_page, wish, once):
    to_payment(fast_page, wish)
    fast_page.get_by_label("Card number").fill("4000 0025 0000 3155")
    pay(fast_page).click()
    fast_page.get_by_role("button", name="Yes, confirm").click()
    expect(fast_page.locator("#receipt")).to_contain_text("You are enrolled")
    once()


def test_a_page_whose_webhook_is_late_says_that_it_waits_and_changes_by_itself(fast_page, wish, unreloaded, once):
    to_payment(fast_page, wish)
    fast_page.get_by_label("Card number").fill("4000 0000 0000 0077")
    pay(fast_page).click()
    expect(fast_page.locator("#receipt")).to_contain_text("We wait for your payment.")
    unreloaded(fast_page)
    expect(fast_page.locator("#receipt")).to_contain_text("You are enrolled", timeout=LATE)
    once()


def test_a_webhook_that_comes_before_the_browser_is_back_pays_once(fast_page, wish, ask, once):
    def hold(route):
        answer = route.fetch(max_redirects=0)
        until = time.monotonic() + PATIENCE
        while ask(_ENROLMENTS, wish.member.email, wish.slug) == [(0,)] and time.monotonic() < until:
            time.sleep(0.05)
        route.fulfill(response=answer)

    to_payment(fast_page, wish)
    fast_page.route("**/sandbox/pay/*", hold)
    pay(fast_page).click()
    expect(fast_page.locator("#receipt")).to_contain_text("You are enrolled")
    once()


def test_an_order_that_is_cancelled_closes_its_payment_page_and_may_be_placed_anew(page, wish, once, ask):
    to_payment(page, wish)
    payment_page = page.url
    page.goto(f"/orders/{wish.member.order(wish.slug)}")
    page.get_by_role("link", name="Cancel this order").click()
    page.get_by_role("button", name="Cancel this order").click()
    expect(page.get_by_text("The order is cancelled. Should a payment be on its way all the same, it is not lost.")).to_be_visible()
    expect(page.locator("#receipt")).to_contain_text("This order was closed without a payment.")
    wish.member.until(lambda: wish.member.http.get(payment_page).status_code == 410, "its payment page stayed open")
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Continue to payment").click()
    pay(page).click()
    page.wait_for_url("**/orders/*")
    once()


def to_payment(page, wish):
    page.goto(wish.checkout)
    page.get_by_role("button", name="Continue to payment").click()


def pay(page):
    return page.get_by_role("button", name="Pay")


_ORDERS = "SELECT count(*) FROM orders JOIN users ON users.id = orders.buyer_id JOIN courses ON courses.id = orders.course_id WHERE email = %s AND slug = %s"
_ENROLMENTS = """SELECT count(*) FROM enrolments e JOIN users u ON u.id = e.user_id JOIN courses c ON c.id = e.course_id
    WHERE u.email = %s AND c.slug = %s"""
_PAYMENTS = """SELECT p.state FROM payments p JOIN orders o ON o.id = p.order_id JOIN users u ON u.id = o.buyer_id
    JOIN courses c ON c.id = o.course_id WHERE u.email = %s AND c.slug = %s"""
_REWARDS = """SELECT g.kind FROM grants g JOIN users u ON u.id = g.user_id JOIN courses c ON c.id = g.course_id
    WHERE u.email = %s AND c.slug = %s"""
