"""Bell and inbox change while they are open, and all can be read without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import PASSWORD, PATIENCE

SLOW = PATIENCE * 1000


@pytest.fixture
def set_password(newcomer):
    """set_password("new", now="old") is something the newcomer is told of, while he stays signed in."""

    def set_it(new, now=PASSWORD):
        newcomer.send("/account", to="/account/password", **{"password-current": now, "password-password": new})

    return set_it


def test_the_bell_counts_while_a_page_is_open_and_the_inbox_gets_the_row(newcomer, window, unreloaded, set_password):
    wallet, inbox = window(newcomer), window(newcomer)
    for page, path in ((wallet, "/wallet"), (inbox, "/notices")):
        page.goto(path)
        expect(page.locator("[data-live-state]")).to_have_text("live")
        expect(page.locator(".bell")).to_have_text("Notices")
        unreloaded(page)
    expect(inbox.get_by_role("button", name="Mark all as read")).to_be_hidden()
    set_password("quite another one")
    for page in (wallet, inbox):
        expect(page.locator(".bell")).to_have_text("Notices 1 unread", timeout=SLOW)
    expect(inbox.locator("#notices li")).to_contain_text("Your password was changed")
    set_password("and a third one", now="quite another one")
    expect(wallet.locator(".bell")).to_have_text("Notices 2 unread", timeout=SLOW)
    expect(inbox.locator("#notices li")).to_have_count(2)
    expect(inbox.get_by_role("button", name="Mark all as read")).to_be_visible()
    newcomer.send("/notices", to="/notices/read")
    expect(wallet.locator(".bell")).to_have_text("Notices")
    expect(inbox.get_by_role("button", name="Mark all as read")).to_be_hidden()


def test_all_are_marked_as_read_without_javascript(newcomer, window, set_password):
    set_password("quite another one")
    page = window(newcomer, java_script_enabled=False)
    page.goto("/wallet")
    page.get_by_role("link", name="Notices 1 unread").click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#notices li")).to_have_count(1)
    expect(page.locator(".bell")).to_have_text("Notices")


def test_mail_is_chosen_without_javascript(newcomer, window):
    page = window(newcomer, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto("/account/notices")
    wallet = page.get_by_role("group", name="Wallet")
    expect(wallet).to_have_accessible_description("TEO that leave your wallet, and TEO that come to it.")
    wallet.get_by_role("checkbox", name="Withdrawal requested").check()
    wallet.get_by_role("checkbox", name="TEO arrived").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("From now on we write to you about this")
    expect(wallet.get_by_role("checkbox", name="Withdrawal requested")).to_be_checked()
    expect(wallet.get_by_role("checkbox", name="TEO arrived")).not_to_be_checked()
