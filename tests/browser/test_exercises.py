"""An exercise from the lesson to the verdict, in the windows of its author and of who grades it."""

from playwright.sync_api import expect

COURSE = "il-rinascimento-a-firenze"


def test_work_is_handed_in_graded_and_its_open_page_says_so(newcomer, seeded, window):
    newcomer.buy(COURSE)
    author = window(newcomer)
    author.goto(newcomer.lessons(COURSE)[0])
    author.get_by_role("link", name="Do the exercise").click()
    author.get_by_label("Your work").fill("Four florins the ounce, for the mantle.")
    author.get_by_role("button", name="Hand in").click()
    expect(author.locator("#work")).to_contain_text("in review")

    teacher = window(seeded("teacher"))
    teacher.goto("/teach/exercises")
    teacher.locator("#work a").last.click()
    expect(teacher.locator(".prose").last).to_contain_text("Four florins the ounce")
    teacher.get_by_role("button", name="Send the grade").click()
    expect(teacher.locator("input[name=score]").first).to_be_attached()
    teacher.get_by_label("What you think").fill("Well reckoned.")
    teacher.locator(".choice", has_text="9").click()
    teacher.get_by_role("button", name="Send the grade").click()
    expect(teacher.get_by_text("Graded. The author is told.")).to_be_visible()

    expect(author.locator("#work")).to_contain_text("Well reckoned.")
    expect(author.locator("#work")).to_contain_text("9 of 10")
