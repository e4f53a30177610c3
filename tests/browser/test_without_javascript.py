"""The whole way with JavaScript off: forms, and pages loaded again."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.e2e.buy import sign_up
from tests.e2e.visitor import PATIENCE


@pytest.fixture
def plain(visitor):
    """Return a function that opens a browser without JavaScript."""
    return lambda: visitor(java_script_enabled=False, locale="en-GB")


def test_a_student_signs_up_buys_learns_and_sees_his_teo(plain):
    page = plain()
    sign_up(page, Silence())
    page.goto("/courses/renaissance-in-florence")
    page.get_by_role("link", name="Buy this course").click()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Pay").click()
    load_until(page, page.get_by_text("Paid. You are enrolled"))
    page.get_by_role("link", name="Start the first lesson").click()
    page.get_by_role("button", name="Mark as complete").click()
    expect(page.get_by_text("You have completed this lesson.")).to_be_in_viewport()
    page.goto("/wallet")
    load_until(page, page.get_by_text(re.compile("(on chain|final) · block")).nth(1))
    expect(page.locator("#activity")).to_contain_text("Purchase reward")
    expect(page.locator("#activity")).to_contain_text("Lesson completed")


def test_a_teacher_writes_a_course_and_an_admin_publishes_it(plain):
    title = f"How bridges stand {secrets.token_hex(2)}"
    teacher, admin = log_in(plain(), "teacher"), log_in(plain(), "admin")
    hand_in(teacher, title)
    admin.goto("/admin/courses")
    admin.get_by_role("link", name=title).click()
    expect(admin.locator(".prose strong")).to_have_text("last")
    admin.get_by_role("button", name="Approve and publish").click()
    expect(admin.get_by_text(f"{title} is published.")).to_be_visible()
    reader = plain()
    reader.goto(f"/courses?q={title}")
    reader.get_by_role("link", name=title).click()
    expect(reader.get_by_role("link", name="The keystone")).to_be_visible()


def hand_in(page, title):
    page.goto("/teach/")
    page.get_by_role("link", name="New course").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Begin the course").click()
    page.get_by_label("Summary").fill("Why a stone arch needs no mortar.")
    page.get_by_label("Price in EUR").fill("35.00")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Title of the section").fill("Arches")
    page.get_by_role("button", name="Add the section").click()
    page.get_by_role("link", name="Add a lesson").click()
    page.get_by_label("Title").fill("The keystone")
    page.get_by_label("Text").fill("It goes in **last**, and carries all.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview strong")).to_have_text("last")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="The keystone", exact=True)).to_be_visible()
    page.get_by_role("button", name="Submit the course").click()
    expect(page.get_by_text("An admin is reading the course.")).to_be_visible()


def log_in(page, role):
    page.goto("/log-in")
    page.get_by_label("E-mail address").fill(f"{role}@example.org")
    page.get_by_label("Password").fill("learn-and-earn")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Your account").wait_for()
    return page


def load_until(page, found):
    """Load the page again until it shows what is looked for, as a reader without JavaScript does."""
    for _ in range(PATIENCE * 5):
        if found.count():
            return
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError(f"{page.url} never showed it")


class Silence:
    """A timeline nobody reads."""

    def mark(self, sentence):
        pass
