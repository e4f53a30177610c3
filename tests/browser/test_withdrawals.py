"""A withdrawal on an open page: quoted while its member types, followed step by step, without loading it again."""

import pytest
from eth_account import Account
from playwright.sync_api import expect

from tests.browser.stage import make_rich
from tests.e2e.visitor import PATIENCE
from tests.forks import fate

SLOW = PATIENCE * 1000


@pytest.fixture
def rich(newcomer, site):
    """A member of more than a week with 500 TEO and a wallet of his own, which nobody else ever had: neither is new to who looks for signs of fraud."""
    assert fate(make_rich, site.worker_env, newcomer.email, Account.create().address) == 0
    return newcomer


def test_it_is_quoted_while_typing_and_followed_to_the_end(rich, window, unreloaded):
    page = window(rich)
    page.goto("/wallet/withdrawals/new")
    page.get_by_label("Amount").fill("9")
    expect(page.locator("#quote")).to_contain_text("A withdrawal is of 10 to 10000 TEO")
    page.get_by_label("Amount").fill("20")
    page.get_by_label("Amount").press("Enter")
    expect(page.get_by_label("Amount")).to_have_value("20")
    page.get_by_role("button", name="Withdraw 20.00 TEO").click()
    steps = page.get_by_label("How far your withdrawal is")
    expect(steps).to_be_visible()
    unreloaded(page)
    expect(page.locator("#withdrawal")).to_contain_text("It has arrived, for good", timeout=SLOW)
    expect(steps.locator("[aria-current=step]")).to_have_count(0)


def test_one_that_an_admin_rejects_says_so_on_the_open_page(rich, seeded, window, unreloaded):
    page, desk = window(rich), window(seeded("admin"))
    page.goto("/wallet/withdrawals/new?amount=300")
    page.get_by_role("button", name="Withdraw 300.00 TEO").click()
    expect(page.locator("#withdrawal")).to_contain_text("One of us looks at it", timeout=SLOW)
    unreloaded(page)
    desk.goto(case_of(page))
    desk.locator("summary", has_text="Reject").click()
    desk.locator("[action$=rejection]").get_by_label("Why? The member reads it.").fill("Write to us first.")
    desk.get_by_role("button", name="Reject").click()
    expect(page.locator("#withdrawal")).to_contain_text("Write to us first.", timeout=SLOW)
    expect(page.get_by_role("link", name="Cancel this withdrawal")).to_have_count(0)


def test_its_open_page_goes_from_review_to_final_and_the_cancel_form_left_open_is_refused(rich, seeded, window, unreloaded, blocks, ask):
    page = window(rich)
    page.goto("/wallet/withdrawals/new?amount=300")
    page.get_by_role("button", name="Withdraw 300.00 TEO").click()
    now, cancel = page.get_by_label("How far your withdrawal is").locator("[aria-current=step]"), page.get_by_role("link", name="Cancel this withdrawal")
    expect(now).to_have_text("In review", timeout=SLOW)
    unreloaded(page)
    left_open = page.context.new_page()
    left_open.goto(f"{page.url}/cancel")
    rich.until(lambda: ask(_MINED, rich.email) == [(500_000_000,)], "his TEO never came on the chain")
    blocks.stop()
    expect(cancel).to_be_visible()
    approve(window(seeded("admin")), case_of(page))
    expect(now).to_have_text("On chain", timeout=SLOW)
    expect(cancel).to_have_count(0)
    left_open.get_by_role("button", name="Cancel this withdrawal").click()
    expect(left_open.locator("main")).to_contain_text("It cannot be cancelled any more: it was decided before.")
    blocks.one()
    expect(now).to_have_text("Final", timeout=SLOW)
    blocks.go_on()
    expect(now).to_have_count(0, timeout=SLOW)
    expect(page.locator("#withdrawal")).to_contain_text("It has arrived, for good.")


def case_of(page):
    """Where an admin decides about the withdrawal of this page."""
    return f"/admin/payouts/{page.url.rpartition('/')[2]}"


def approve(desk, case):
    desk.goto(case)
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_text("Approved: it goes out.")).to_be_visible()


_MINED = """SELECT sum(e.amount)::bigint FROM entries e JOIN holders h ON h.id = e.holder_id JOIN users u ON u.id = h.user_id
    WHERE u.email = %s AND e.kind = 'mint' AND NOT e.is_open"""
