"""A picture of every page at 390 and 1440 px, light and dark, in var/pictures: `make pictures`, against the running demo, whose clock it moves.

It fails when a page is wider than its window, or asks for what a browser test would not forgive.
"""

import sys
from contextlib import contextmanager
from itertools import product

from rig import VAR
from rig.browser import Watch, chromium
from rig.terminal import run
from tests.e2e.buy import demo_url
from tests.e2e.pages import pages
from tests.e2e.states import states

PICTURES = VAR / "pictures"
SIZES = ({"width": 390, "height": 844}, {"width": 1440, "height": 900})
SCHEMES = ("light", "dark")
FIT = "document.documentElement.scrollWidth <= innerWidth"
OPTIONS = {"locale": "en-GB", "timezone_id": "Europe/Rome", "reduced_motion": "reduce"}


def look(browser, shown, directory=None, say=lambda line: None):
    """Answers the problems found on these pages by role, one sentence each; writes the pictures where a directory is given.

    A page is a path, or a function that leads the browser's page there."""
    problems = []
    for role, (visitor, paths) in shown.items():
        with _window(browser, visitor, problems) as page:
            for name, path in paths.items():
                path(page) if callable(path) else page.goto(path)
                problems += _look(page, f"{role}-{name}", directory)
        say(role)
    return problems


def wallet(browser, url, path):
    """The picture of the README, docs/wallet.png: the upper part of a student's wallet, 1280 px wide, in light colours. Answers the problems found."""
    student, _ = pages(url)["student"]
    problems = []
    with _window(browser, student, problems) as page:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.emulate_media(color_scheme="light")
        page.goto("/wallet")
        page.locator("[data-live-state]", has_text="live").wait_for()
        page.screenshot(path=path, animations="disabled")
    return problems


@contextmanager
def _window(browser, visitor, problems):
    """A page of a browser that is logged in as the visitor; what a browser test would not forgive is a problem."""
    context = browser.new_context(base_url=visitor.url, **OPTIONS)
    context.add_cookies(visitor.cookies)
    watch = Watch(context, visitor.url)
    yield context.new_page()
    problems += watch.problems
    context.close()


def _look(page, name, directory):
    problems = []
    for size, scheme in product(SIZES, SCHEMES if directory else SCHEMES[:1]):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        if directory:
            page.screenshot(path=directory / f"{name}-{size['width']}-{scheme}.png", full_page=True, animations="disabled")
        if not page.evaluate(FIT):
            problems.append(f"{name} is wider than {size['width']} px")
    return problems


def main():
    url = demo_url()
    with chromium() as browser:
        PICTURES.mkdir(parents=True, exist_ok=True)
        problems = look(browser, pages(url), PICTURES, say=print)
        problems += wallet(browser, url, PICTURES / "readme.png")
        with states(url, VAR / "demo" / "worker.env") as shown:
            problems += look(browser, shown, PICTURES, say=print)
    print("\n".join(problems) or f"Every page fits. The pictures are in {PICTURES.relative_to(VAR.parent)}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(run(main))
