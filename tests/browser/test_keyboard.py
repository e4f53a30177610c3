"""The site by keyboard, in the dark, and in Italian."""

from playwright.sync_api import expect

FOCUS_IS_SEEN = "e => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none' }"
BRIGHTNESS = "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3"


def test_the_first_tab_stop_skips_to_the_content(page):
    page.goto("/courses")
    tab_to(page, page.get_by_role("link", name="Skip to the content"), most=1)
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_the_menu_opens_and_closes_by_keyboard(member, window):
    page = window(member)
    page.goto("/")
    summary = page.locator("summary", has=page.get_by_text("VV"))
    tab_to(page, summary)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Your orders"), most=3)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Your orders")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_course_is_bought_by_keyboard_alone(wish, window):
    page = window(wish.member)
    page.goto(f"/courses/{wish.slug}")
    for found in (
        page.get_by_role("link", name="Buy this course"),
        page.get_by_role("button", name="Continue to payment"),
        page.get_by_role("button", name="Pay"),
        page.get_by_role("link", name="Start the first lesson"),
        page.get_by_role("button", name="Mark as complete"),
    ):
        expect(found).to_be_visible()
        tab_to(page, found)
        page.keyboard.press("Enter")
    expect(page.locator("#completion")).to_contain_text("You have completed this lesson.")
    expect(page.get_by_role("link", name="Next lesson")).to_be_focused()


def test_mail_is_chosen_by_keyboard_alone(member, window):
    page = window(member)
    page.goto("/account/notices")
    small_step = page.get_by_role("checkbox", name="Withdrawal approved")
    tab_to(page, small_step)
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("From now on we write to you about this")).to_be_visible()
    expect(small_step).to_be_checked()


def test_the_dark_theme_stays_chosen(page):
    page.emulate_media(color_scheme="light")
    page.goto("/courses")
    assert page.evaluate(BRIGHTNESS) > 200
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.goto("/terms")
    assert page.evaluate(BRIGHTNESS) < 60


def test_the_language_stays_chosen(visitor):
    page = visitor(locale="en-GB")
    page.goto("/courses")
    page.get_by_role("button", name="Italiano").click(timeout=5000)
    expect(page.locator("html")).to_have_attribute("lang", "it")
    expect(page.get_by_role("heading", level=1)).to_have_text("Corsi")
    page.goto("/log-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accedi")


def tab_to(page, locator, most=40):
    """Press Tab until the element has the focus, and look that one sees it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if locator.evaluate("e => e === document.activeElement"):
            break
    expect(locator).to_be_focused()
    assert locator.evaluate(FOCUS_IS_SEEN)
