"""The review desk by keyboard, and two admins on one case."""

import pytest
from playwright.sync_api import expect

from tests.browser.cases import forget, wait


@pytest.fixture
def cases(ask):
    """Two withdrawals of the seeded teacher, a member of long standing, that wait for an admin; nothing is reserved for them, and none goes out here."""
    (teacher,), = ask("UPDATE users SET created_at = created_at - interval '30 days' WHERE email = 'teacher@example.org' RETURNING id")
    ids = wait(ask, teacher, 2, "teacher", approvals_needed=1)
    yield ids
    forget(ask, ids)
    ask("UPDATE users SET created_at = created_at + interval '30 days' WHERE id = %s RETURNING id", teacher)


def test_j_and_k_go_through_the_queue_and_a_r_h_to_what_can_be_decided(seeded, window, cases):
    page = window(seeded("admin"))
    page.goto("/admin/payouts")
    expect(page.get_by_text("Keys:")).to_be_visible()
    page.locator("body").press("j")
    first = page.evaluate("document.activeElement.href")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.href")
    page.keyboard.press("k")
    assert first != second and page.evaluate("document.activeElement.href") == first
    page.keyboard.press("r")
    page.wait_for_url("**/admin/payouts/*#reject")
    expect(page.get_by_label("Why? The member reads it.").last).to_be_focused()
    page.keyboard.type("hajk")
    assert page.get_by_label("Why? The member reads it.").last.input_value() == "hajk", "where one types they are letters"
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("h")
    expect(page.get_by_label("Why? The member reads it.").first).to_be_focused()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()


def test_the_keys_can_be_switched_off(seeded, window, cases):
    page = window(seeded("admin"))
    page.goto(f"/admin/payouts/{cases[0]}")
    page.get_by_label("Keys:").uncheck()
    page.reload()
    page.locator("body").press("r")
    expect(page.locator("#reject")).not_to_have_attribute("open", "")
    expect(page.get_by_label("Keys:")).not_to_be_checked()


def test_two_admins_on_one_case_see_each_other(site, seeded, window, cases):
    from tests.e2e.visitor import Visitor

    first = window(seeded("admin"))
    first.goto(f"/admin/payouts/{cases[1]}")
    expect(first.locator("#company")).to_be_empty()
    first.route("**/company", lambda route: route.fulfill(status=204))  # what it asks for every 20 seconds would tell, too
    second = window(Visitor(site.url).log_in("admin2@example.org", "learn-and-earn"))
    second.goto(f"/admin/payouts/{cases[1]}")
    expect(second.locator("#company")).to_contain_text("Ada Admin has this case open, too.")
    expect(first.locator("#company")).to_contain_text("Aldo Admin has this case open, too.")


def test_what_one_admin_decides_the_other_sees_on_his_open_case(site, seeded, window, cases, unreloaded, ask):
    from tests.e2e.visitor import Visitor

    ask("UPDATE withdrawals SET approvals_needed = 2 WHERE id = %s RETURNING id", cases[1])
    first, second = window(seeded("admin")), window(Visitor(site.url).log_in("admin2@example.org", "learn-and-earn"))
    for page in (first, second):
        page.goto(f"/admin/payouts/{cases[1]}")
    unreloaded(first)
    expect(first.locator("#case")).to_contain_text("0 of 2 approvals")
    second.get_by_role("button", name="Approve").click()
    expect(first.locator("#case")).to_contain_text("1 of 2 approvals")
    expect(first.locator("#case")).to_contain_text("Aldo Admin")


@pytest.fixture
def many(ask, cases):
    """As many more as fill a page."""
    rows = ask(
        """INSERT INTO withdrawals (key, user_id, "to", amount, is_prompt, state, flags, risks, risk, recent, approvals_needed, rule_version, requested_at)
           SELECT 'many ' || random()::text, user_id, "to", amount, is_prompt, state, flags, risks, risk, recent, approvals_needed, rule_version, requested_at FROM withdrawals, generate_series(1, 24)
           WHERE id = %s RETURNING id""",
        cases[0],
    )
    yield
    ask("DELETE FROM withdrawals WHERE id = ANY(%s) RETURNING id", [number for (number,) in rows])


def test_over_the_end_of_a_page_j_goes_to_the_next_one_and_k_back(seeded, window, many):
    page = window(seeded("admin"))
    page.goto("/admin/payouts")
    focused = "[...document.querySelectorAll('[data-cases] .title a')].indexOf(document.activeElement)"
    page.locator("[data-cases] .title a").last.focus()
    page.keyboard.press("j")
    page.wait_for_url("**/admin/payouts?page=2#first")
    expect(page.locator("[data-cases] .title a").first).to_be_focused()
    assert page.evaluate(focused) == 0
    page.keyboard.press("k")
    page.wait_for_url("**/admin/payouts*#last")
    expect(page.locator("[data-cases] .title a").last).to_be_focused()
    assert page.evaluate(focused) == 23
    page.keyboard.press("k")
    assert page.evaluate(focused) == 22
    page.goto("/admin/payouts")
    page.locator("body").press("k")
    assert page.evaluate(focused) == 0
    page.keyboard.press("k")
    assert page.evaluate(focused) == 0, "before the first page there is none"


def test_a_case_that_another_admin_decided_says_so_and_takes_away_what_can_be_decided_no_more(site, seeded, window, cases, unreloaded, ask):
    from tests.e2e.visitor import Visitor

    first, second = window(seeded("admin")), window(Visitor(site.url).log_in("admin2@example.org", "learn-and-earn"))
    for page in (first, second):
        page.goto(f"/admin/payouts/{cases[1]}")
    unreloaded(first)
    expect(first.get_by_text("Somebody decided about it since you opened this page.")).to_be_hidden()
    first.locator("#reject summary").click()
    first.locator("#reject textarea").fill("What is typed stays.")
    second.locator("#hold summary").click()
    second.locator("#hold").get_by_label("Why? The member reads it.").fill("We ask you.")
    second.locator("#hold").get_by_role("button", name="Hold").click()
    expect(first.get_by_text("Somebody decided about it since you opened this page.")).to_be_visible()
    expect(first.get_by_role("list", name="Decided so far")).to_contain_text("Aldo Admin")
    expect(first.locator("#reject textarea")).to_have_value("What is typed stays.")
    expect(second.get_by_text("Somebody decided about it since")).to_be_hidden()
    ask("UPDATE withdrawals SET state = 'cancelled', held_at = NULL, hold_reason = NULL, hold_note = NULL WHERE id = %s RETURNING id", cases[1])
    for hidden in ("true", "false"):  # what it missed in the background it is sent when it comes back
        first.evaluate(f"Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))")
        first.wait_for_timeout(500)
    expect(first.get_by_role("button", name="Approve")).to_be_hidden()
    expect(first.locator("#reject")).to_be_hidden()
    expect(first.get_by_role("link", name="Load it again")).to_be_visible()
