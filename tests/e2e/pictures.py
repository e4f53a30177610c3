"""A picture of every page at 390 and 1440 px, light and dark, in var/pictures: `make pictures`, against the running demo.

It fails when a page is wider than its window, or asks for what a browser test would not forgive.
"""

import re
import sys

from rig import VAR
from rig.browser import Watch, chromium
from rig.terminal import run
from tests.e2e.buy import demo_url
from tests.e2e.visitor import Visitor

PASSWORD = "learn-and-earn"
PICTURES = VAR / "pictures"
WIDTHS = {390: 844, 1440: 900}
SCHEMES = ("light", "dark")
COURSE = "renaissance-in-florence"

PAGES = {
    "visitor": {
        "home": "/",
        "catalogue": "/courses",
        "catalogue-searched": "/courses?q=florence",
        "catalogue-empty": "/courses?q=zzzz",
        "course": "/courses/how-blockchains-really-work",
        "preview-lesson": "/learn/how-blockchains-really-work/{preview}",
        "sign-up": "/sign-up",
        "log-in": "/log-in",
        "forgotten": "/password/forgotten",
        "terms": "/terms",
        "privacy": "/privacy",
        "outbox": "/outbox",
        "not-found": "/nothing-here",
    },
    "student": {
        "home": "/",
        "my-courses": "/learn",
        "course-enrolled": f"/courses/{COURSE}",
        "course-progress": f"/learn/{COURSE}",
        "lesson": "{lesson}",
        "lesson-locked": "/learn/statistics-you-can-argue-with/sampling",
        "checkout": "/courses/statistics-you-can-argue-with/checkout",
        "payment": "{payment}",
        "order": "{order}",
        "orders": "/orders",
        "wallet": "/wallet",
        "operation": "{operation}",
        "account": "/account",
    },
    "teacher": {
        "courses": "/teach/",
        "new": "/teach/new",
        "course": f"/teach/courses/{COURSE}",
        "details": f"/teach/courses/{COURSE}/details",
        "lesson": "{taught}",
        "sales": "/teach/sales",
        "wallet": "/wallet",
    },
    "admin": {
        "home": "/admin/",
        "courses": "/admin/courses",
        "members": "/admin/members",
        "operations": "/admin/operations",
        "operation": "{operation}",
        "incidents": "/admin/incidents",
    },
}


def take(browser, url, directory=PICTURES, say=lambda line: None):
    """Write the pictures; answers the problems found, one sentence each."""
    directory.mkdir(parents=True, exist_ok=True)
    places = _places(url)
    problems = []
    for role, pages in PAGES.items():
        for width, height in WIDTHS.items():
            for scheme in SCHEMES:
                options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "locale": "en-GB", "reduced_motion": "reduce"}
                context = browser.new_context(base_url=url, **options)
                watch = Watch(context, url)
                page = context.new_page()
                if role != "visitor":
                    _log_in(page, f"{role}@example.org")
                for name, path in pages.items():
                    page.goto(path.format(**places))
                    page.screenshot(path=directory / f"{role}-{name}-{width}-{scheme}.png", full_page=True)
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        problems.append(f"{role} {name} is wider than {width} px")
                problems += watch.problems
                context.close()
            say(f"{role} {width} px")
    return problems


def _log_in(page, email):
    page.goto("/log-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Your account").wait_for()


def _places(url):
    """Addresses with a number or a name in them, found as a reader would; the student owns a course afterwards."""
    student, teacher = Visitor(url), Visitor(url)
    student.log_in("student@example.org", PASSWORD)
    teacher.log_in("teacher@example.org", PASSWORD)
    student.buy(COURSE)
    student.study(COURSE)
    return {
        "lesson": _first(student, f"/learn/{COURSE}", rf"(/learn/{COURSE}/[\w-]+)"),
        "payment": student.payment_page("statistics-you-can-argue-with"),
        "order": _first(student, "/orders", r"(/orders/\d+)"),
        "operation": _first(student, "/wallet", r"(/operations/\d+)"),
        "taught": _first(teacher, f"/teach/courses/{COURSE}", rf"(/teach/courses/{COURSE}/lessons/[\w-]+)"),
    }


def _first(visitor, path, pattern):
    found = re.search(pattern, visitor.get(path).text)
    assert found, f"{path} shows no {pattern}"
    return found[1]


def main():
    url = demo_url()
    with chromium() as browser:
        problems = take(browser, url, say=print)
    print("\n".join(problems) or f"Every page fits. The pictures are in {PICTURES.relative_to(VAR.parent)}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(run(main))
