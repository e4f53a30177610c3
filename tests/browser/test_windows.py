"""How many windows of one member are fed, and what one says that is not."""

from playwright.sync_api import expect


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
