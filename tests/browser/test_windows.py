"""How many windows of one member are fed, and what one says that is not."""

import re

from playwright.sync_api import expect

from tests.e2e.visitor import PATIENCE


def test_the_sixth_window_pauses_the_oldest_until_one_goes_on_there(newcomer, window):
    oldest = window(newcomer)
    others = [oldest.context.new_page() for _ in range(5)]
    for page in (oldest, *others):
        page.goto("/wallet")
        expect(state(page)).to_have_text("live")
    expect(state(oldest)).to_have_text("paused here")
    asked = []
    oldest.on("request", lambda request: asked.append(request.url))

    newcomer.buy("renaissance-in-florence")
    for page in others:
        expect(page.locator("#activity")).to_contain_text("Purchase reward")
        expect(state(page)).to_have_text("live")
    expect(state(oldest)).to_have_text("paused here")
    expect(oldest.locator("#activity")).not_to_contain_text("Purchase reward")
    assert asked == []

    oldest.get_by_role("button", name="Go on here").click()
    expect(oldest.locator("#activity")).to_contain_text("Purchase reward")
    expect(state(oldest)).to_have_text("live")
    expect(state(others[0])).to_have_text("paused here")


def test_a_stream_that_opens_after_its_page_has_gone_is_closed_and_breaks_nothing(member, window):
    page, held = window(member), []
    page.route("**/live?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright counts what it takes
    page.goto("/courses")
    page.wait_for_function("window.htmx")
    while not held:
        page.wait_for_timeout(50)
    page.evaluate("document.getElementById('live').remove()")
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url):
        held[0].continue_()
    page.wait_for_timeout(1000)  # when it would be asked for again
    assert len(held) == 1


def test_a_window_that_goes_back_and_forth_is_fed_by_one_stream(member, window):
    page, fed = window(member), set()
    page.on("request", lambda request: "/live?" in request.url and fed.add(request))
    for end in ("requestfailed", "requestfinished"):
        page.on(end, lambda request: fed.discard(request))  # noqa: PLW0108 - as above
    page.goto("/courses")
    for word in ("florence", "chains"):
        page.get_by_label("Search courses").fill(word)
        page.get_by_role("button", name="Search").click()
        expect(page).to_have_url(re.compile(f"q={word}"))
        page.wait_for_timeout(500)  # what was typed is looked for as well
    for _ in range(2):
        for go in (page.go_back, page.go_forward):
            go()
            page.wait_for_timeout(500)
    for _ in range(PATIENCE * 10):
        if len(fed) != 1:
            page.wait_for_timeout(100)
    assert len(fed) == 1


def test_offline_is_said_until_one_tries_again_with_success(page):
    page.goto("/courses")
    offline = page.locator("#offline")
    page.context.set_offline(True)
    expect(offline.locator("svg.drawing")).to_be_visible()
    offline.get_by_role("button", name="Try again").click()
    expect(offline).to_be_visible()
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('offline'))")
    offline.get_by_role("button", name="Try again").click()
    expect(offline).to_be_hidden()


def state(page):
    return page.locator("[data-live-state]")
