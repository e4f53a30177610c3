"""A page that stands open while its member logs out in another window: nothing is done, nothing typed is lost, and no part of a page is blank."""

import re

import pytest
from playwright.sync_api import expect

KEPT = re.compile("what you typed is kept", re.IGNORECASE)


@pytest.fixture
def editor(seeded, window, ask):
    """(the page of a lesson's editor, a function that gives what is saved)"""
    page = window(seeded("teacher"))
    ((number, slug, lesson),) = ask(
        "SELECT l.id, c.slug, l.slug FROM lessons l JOIN courses c ON c.id = l.course_id JOIN users u ON u.id = c.teacher_id WHERE u.email = 'teacher@example.org' ORDER BY l.id LIMIT 1"
    )
    page.goto(f"/teach/courses/{slug}/lessons/{lesson}")
    return page, lambda: ask("SELECT body FROM lessons WHERE id = %s", number)[0][0]


def test_a_lesson_marked_complete_after_the_log_out_stays_to_be_read(newcomer, window, unreloaded):
    newcomer.buy("renaissance-in-florence")
    page = window(newcomer)
    page.goto(newcomer.lessons("renaissance-in-florence")[0])
    address = page.url
    log_out(page)
    unreloaded(page)
    for _ in range(2):
        page.get_by_role("button", name="Mark as complete").click()
        expect(page.locator("#refusal .notice")).to_have_count(1)
        expect(page.locator("#refusal")).to_contain_text(KEPT)
        expect(page.locator("#refusal .notice")).to_be_in_viewport()
    expect(page.locator("article .prose")).to_be_visible()
    expect(page).to_have_url(address)


def test_why_after_the_log_out_leads_to_the_log_in_and_back_to_the_wallet(newcomer, window):
    newcomer.buy("renaissance-in-florence")
    page = window(newcomer)
    page.goto("/wallet")
    log_out(page)
    page.get_by_role("link", name="Why this TEO?").first.click()
    page.wait_for_url("**/log-in?next=%2Fwallet")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_text_saved_after_the_log_out_is_saved_when_its_writer_is_back(editor):
    page, saved = editor
    before = saved()
    page.get_by_label("Text").fill(f"{before}\n\nAnd <more> of it.")
    log_out(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#error").get_by_text(KEPT)).to_be_visible()
    assert saved() == before
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Log in").last.click()
    log_in(opened.value)
    page.get_by_role("button", name="Send it once more").click()
    assert saved() == before
    page.get_by_role("button", name="Send it once more").click()
    expect(page.get_by_text("The lesson is saved.")).to_be_visible()
    assert saved() == f"{before}\n\nAnd <more> of it."


def test_a_preview_after_the_log_out_leaves_what_is_typed_and_its_own_place(editor):
    page, _ = editor
    page.get_by_label("Text").fill("Not lost.")
    log_out(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text(KEPT)
    expect(page.get_by_label("Text")).to_have_value("Not lost.")


def log_out(page):
    other = page.context.new_page()
    other.goto("/")
    other.get_by_label("Your account").click()
    other.get_by_role("button", name="Log out").click()
    other.get_by_role("link", name="Log in").first.wait_for()
    other.close()


def log_in(page):
    page.goto("/log-in")
    page.get_by_label("E-mail address").fill("teacher@example.org")
    page.get_by_label("Password").fill("learn-and-earn")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Your account").wait_for()
