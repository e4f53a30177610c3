"""The switches at the foot of a page, on which something is typed."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def form(page):
    """The sign-up with a name typed into it."""
    page.goto("/sign-up")
    page.get_by_label("Your name").press_sequentially("Vera")
    return page


def test_another_theme_leaves_what_is_typed_and_is_kept(form, unreloaded):
    unreloaded(form)
    with form.expect_response("**/preferences"):
        form.get_by_role("button", name="Dark").click()
    expect(form.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(form.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(form.get_by_label("Your name")).to_have_value("Vera")
    other = form.context.new_page()
    other.goto("/terms")
    expect(other.locator("html")).to_have_attribute("data-bs-theme", "dark")
    other.get_by_role("button", name="As the system").click()
    expect(other.locator("html")).not_to_have_attribute("data-bs-theme", "dark")


def test_another_language_is_asked_about_where_something_is_typed(form):
    asked = []
    form.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss() if len(asked) == 1 else dialog.accept()))
    italian = form.get_by_role("button", name="Italiano")
    italian.click(no_wait_after=True)
    expect(form.get_by_label("Your name")).to_have_value("Vera")
    italian.click()
    expect(form.locator("html")).to_have_attribute("lang", "it")
    assert asked == ["beforeunload", "beforeunload"]
    form.get_by_role("button", name="English").click()
    expect(form.locator("html")).to_have_attribute("lang", "en")
    assert len(asked) == 2
