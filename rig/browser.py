"""A headless Chromium that notices what a visitor would not forgive."""

import contextlib
import os
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from rig import Refusal, tools

# A page that may not load these is broken; a refused form (422) or a closed page (403) is an answer.
PARTS_OF_A_PAGE = {"script", "stylesheet", "font", "image"}
PATIENCE = 60_000  # milliseconds; on a busy machine five seconds, Playwright's own, are too few
REPORT_VIOLATIONS = "document.addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"


@contextlib.contextmanager
def chromium():
    """Yield Playwright's browser on the system's Chromium, which asks nobody for anything by itself; to draw without a graphics card it imitates none."""
    path = tools.chromium()
    if not path:
        raise Refusal("Chromium is missing: install it (on Debian: sudo apt-get install chromium).")
    options = ["--disable-background-networking", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """The problems of a browser context: script errors, CSP violations, foreign requests, missing files, 5xx."""

    def __init__(self, context, origin):
        self.origin = origin
        self.problems = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("weberror", lambda error: self.problems.append(f"script error: {error.error}"))
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message):
        # Answers are judged by _response, which knows what was asked for.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def _request(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.problems.append(f"request to another origin: {request.url}")

    def _response(self, response):
        missing = response.status >= 400 and response.request.resource_type in PARTS_OF_A_PAGE
        if missing or response.status >= 500:
            self.problems.append(f"{response.status} for {response.url}")
