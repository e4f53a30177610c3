"""An admin's whole work at the review desk with JavaScript off: links, forms and pages loaded again."""

import pytest
from playwright.sync_api import expect

from tests.browser.cases import forget, wait

WHY = "We look at strange sign-ins"
BANNER = f"All payouts are stopped for now: {WHY}"


@pytest.fixture
def plain(seeded, window):
    """Return a function that opens a browser without JavaScript in which a member of the seed is logged in."""
    return lambda role: window(seeded(role), java_script_enabled=False)


@pytest.fixture
def cases(newcomer, ask):
    """Three withdrawals of a member of long standing, who signed in from nowhere anybody else did; each wants two admins, so that none goes out here."""
    ((member,),) = ask("UPDATE users SET created_at = created_at - interval '100 days' WHERE email = %s RETURNING id", newcomer.email)
    ask("DELETE FROM sightings WHERE user_id = %s RETURNING user_id", member)
    ids = wait(ask, member, 3, "amount", approvals_needed=2)
    yield ids
    forget(ask, ids)


@pytest.fixture
def payouts_go_on(ask):
    """Whatever becomes of a test that stops them."""
    yield
    ask("DELETE FROM switches WHERE name = 'payouts' RETURNING name")


def open_queue(page, newcomer):
    page.goto("/admin/payouts")
    page.get_by_role("searchbox").fill(newcomer.email)
    page.get_by_role("button", name="Search").click()


def test_from_the_queue_to_a_case_and_its_approval(plain, newcomer, cases):
    page = plain("admin")
    open_queue(page, newcomer)
    expect(page.get_by_text("Keys:")).to_be_hidden()
    page.locator(f"#withdrawal-{cases[1]}").get_by_role("link").click()
    here = page.url
    page.get_by_role("link", name="Next").click()
    assert f"/{cases[2]}?" in page.url
    page.get_by_role("link", name="Previous").click()
    assert page.url == here
    expect(page.locator("#case")).to_contain_text("0 of 2 approvals")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. Another admin must approve it too.")).to_be_visible()
    expect(page.locator("#case")).to_contain_text("1 of 2 approvals")
    expect(page.get_by_role("list", name="Decided so far")).to_contain_text("Withdrawal approved")
    expect(page.get_by_text("Somebody decided about it since")).to_be_hidden()
    page.locator("summary", has_text="Hold").click()
    page.locator("#hold").get_by_label("Why? The member reads it.").fill("We ask you.")
    page.locator("#hold").get_by_role("button", name="Hold").click()
    expect(page.get_by_text("It is on hold, and its member reads why.")).to_be_visible()
    expect(page.get_by_role("list", name="Decided so far")).to_contain_text("its member reads: We ask you.")


def test_who_is_asked_for_his_password_reads_what_for_and_may_leave_it(plain, newcomer, cases, ask):
    page = plain("admin")
    open_queue(page, newcomer)
    page.locator(f"#withdrawal-{cases[0]}").get_by_role("link").click()
    case = page.url
    ask("UPDATE sessions SET proven_at = proven_at - interval '11 minutes' WHERE user_id = (SELECT id FROM users WHERE email = 'admin@example.org') RETURNING id")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"Approve withdrawal {cases[0]} of 20.00 TEO.")).to_be_visible()
    page.get_by_label("Your password").fill("not this one")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("That is not your password.")).to_be_visible()
    page.get_by_role("link", name="Leave it").click()
    assert page.url == case
    expect(page.locator("#case")).to_contain_text("0 of 2 approvals")
    page.get_by_role("button", name="Approve").click()
    page.get_by_label("Your password").fill("learn-and-earn")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#case")).to_contain_text("1 of 2 approvals")


def test_all_clean_cases_are_chosen_with_one_link_and_approved_together(plain, newcomer, cases):
    page = plain("admin")
    open_queue(page, newcomer)
    boxes = page.locator("input[name=chosen]")
    page.get_by_role("link", name="Choose all 3").click()
    assert [box.is_checked() for box in boxes.all()] == [True] * 3
    expect(page.get_by_role("button", name="Approve the chosen together")).to_be_in_viewport()
    page.get_by_role("link", name="Choose none").click()
    assert [box.is_checked() for box in boxes.all()] == [False] * 3
    page.get_by_role("link", name="Choose all 3").click()
    boxes.last.uncheck()
    page.get_by_role("button", name="Approve the chosen together").click()
    expect(page.get_by_text("40.00 TEO")).to_be_visible()
    expect(page.get_by_text("Gas").first).to_be_visible()
    page.get_by_role("button", name="Approve all 2").click()
    expect(page.get_by_text("Approved: 0 go out, 2 wait for another admin.")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value(newcomer.email)
    expect(page.get_by_role("link", name="Choose the one")).to_be_visible()


def test_all_payouts_are_stopped_and_go_on(plain, payouts_go_on):
    page, member = plain("admin"), plain("student")
    page.goto("/admin/payouts")
    page.get_by_label("Why? All members read it.").fill(WHY)
    page.get_by_role("button", name="Stop all payouts").click()
    expect(page.get_by_text("All payouts are stopped.", exact=True)).to_be_visible()
    for path in ("/wallet", "/courses"):
        member.goto(path)
        expect(member.get_by_text(BANNER)).to_be_visible()
    page.get_by_role("button", name="Let payouts go on").click()
    expect(page.get_by_text("Payouts go on.")).to_be_visible()
    member.reload()
    expect(member.get_by_text(BANNER)).to_have_count(0)
