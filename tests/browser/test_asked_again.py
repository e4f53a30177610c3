"""An admin who gave his password a while ago is asked for it in the middle of a decision, which is then done as he sent it."""

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_role_is_changed_as_it_was_chosen(newcomer, seeded, window, ask, javascript):
    admin = window(seeded("admin"), java_script_enabled=javascript)
    admin.goto(f"/admin/members?q={newcomer.email}")
    admin.get_by_role("link", name="Vera Visitor").click()
    ask("UPDATE sessions SET proven_at = proven_at - interval '10 minutes' RETURNING id")
    admin.get_by_label("Role of").select_option("teacher")
    admin.get_by_role("button", name="Set role").click()
    expect(admin.get_by_role("heading", name="Your password, please")).to_be_visible()
    give(admin, "not this one")
    expect(admin.get_by_text("That is not your password.")).to_be_visible()
    give(admin, "learn-and-earn")
    expect(admin.get_by_text("The role of Vera Visitor is changed.")).to_be_visible()
    expect(admin.get_by_label("Role of")).to_have_value("teacher")


def give(page, password):
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Go on").click()
