"""A quiz in a browser: without JavaScript, and by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import COURSE, quiz_of


@pytest.fixture
def student(newcomer):
    """Owns the course whose third lesson has a quiz."""
    newcomer.buy(COURSE)
    return newcomer


def test_a_quiz_is_taken_without_javascript(window, student):
    page = window(student, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto(student.lessons(COURSE)[2])
    expect(page.get_by_role("button", name="Mark as complete")).to_have_count(0)
    page.get_by_role("link", name="Take the quiz").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("radio", name="1.50", exact=True).check()
    several = page.get_by_role("group", name="Question 2 of 4")
    several.get_by_role("checkbox").nth(0).check()
    several.get_by_role("checkbox").nth(3).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Questions answered: 2 of 4.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("radio", name="1.50", exact=True)).to_be_checked()
    several.get_by_role("checkbox").nth(3).uncheck()
    several.get_by_role("checkbox").nth(2).check()
    page.get_by_role("group", name="Question 4 of 4").get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("passed with 3 of 4")).to_be_visible()
    page.get_by_role("link", name="Complete the lesson").click()
    page.get_by_role("button", name="Mark as complete").click()
    expect(page.get_by_text("You have completed this lesson.")).to_be_visible()


def test_a_quiz_is_answered_by_keyboard_and_enter_saves_it(window, student):
    """Enter inside a form presses its first button: that must not be the one that cannot be taken back."""
    page = window(student)
    page.goto(quiz_of(student))
    page.get_by_role("button", name="Begin").press("Enter")
    first = page.get_by_role("group", name="Question 1 of 4").get_by_role("radio")
    first.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(first.nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("group", name="Question 2 of 4").get_by_role("checkbox").nth(0)).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. Questions answered: 2 of 4.")).to_be_visible()
    expect(page.get_by_text(re.compile("under way, until"))).to_be_visible()
    expect(first.nth(1)).to_be_checked()


def test_who_forgets_to_mark_what_is_right_is_told_and_loses_nothing(seeded, window):
    page = window(seeded("teacher"))
    page.goto(f"/teach/courses/{COURSE}/lessons/the-workshop/quiz/questions")
    page.get_by_label("Question", exact=True).fill("Whose hand painted the **faces**?")
    for place, words in ((1, "The master's"), (2, "The boy's who ground the blue")):
        page.get_by_role("group", name=f"Answer {place}").get_by_label("What it says").fill(words)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview strong")).to_have_text("faces")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("p.error", has_text="Mark the answer that is right.")).to_be_focused()
    expect(page.get_by_role("group", name="Answer 2").get_by_label("What it says")).to_have_value("The boy's who ground the blue")
