"""The main job as a student does it: sign up, verify, buy, learn, and see TEO arrive on a page that is never reloaded.

`make buy` runs it against the running demo and prints the timeline; a test runs it against a demo of its own.
"""

import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request

from rig import VAR, Refusal
from rig.browser import Watch, chromium
from rig.terminal import run

PASSWORD = "a long enough phrase"
PATIENCE = 60_000  # milliseconds


class Timeline:
    """What happened when, in seconds since the start."""

    def __init__(self, say):
        self.say, self.start, self.events = say, time.monotonic(), []

    def mark(self, sentence):
        seconds = time.monotonic() - self.start
        self.events.append((seconds, sentence))
        self.say(f"{seconds:6.2f} s  {sentence}")


def buy(browser, url, say=lambda line: None):
    """Run the story; AssertionError or Playwright's TimeoutError says where it stopped, var/stopped-….png shows it. Answers the timeline's events."""
    context = browser.new_context(base_url=url, locale="en-GB", timezone_id="Europe/Rome")
    context.set_default_timeout(PATIENCE)
    watch, timeline = Watch(context, url), Timeline(say)
    try:
        page = context.new_page()
        sign_up(page, timeline)
        wallet = open_wallet(context, timeline)
        order_course(page, timeline)
        arrives(page, wallet, timeline)
        learn(page, wallet, timeline)
        assert watch.problems == []
    except Exception:
        for number, open_page in enumerate(context.pages, 1):
            open_page.screenshot(path=VAR / f"stopped-{number}.png")
        raise
    finally:
        context.close()
    return timeline.events


def sign_up(page, timeline):
    email = f"student-{secrets.token_hex(4)}@example.org"
    page.goto("/sign-up")
    page.get_by_label("Your name").fill("Grace Rossi")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    timeline.mark(f"signed up as {email}")
    page.goto(verification_link(page, email))
    page.get_by_role("button", name="Yes, this is my address").click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Your account").wait_for()
    timeline.mark("e-mail address confirmed by the link in the mail")


def verification_link(page, email):
    """The link in the newest mail to the address; the mail goes out in a job, so it may take a moment."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        page.goto("/outbox")
        link = page.locator("article, li, section", has_text=email).locator("a[href*='verify']").first
        if link.count():
            return link.get_attribute("href")
        page.wait_for_timeout(200)
    raise AssertionError(f"no mail with a verification link came for {email}")


def open_wallet(context, timeline):
    wallet = context.new_page()
    wallet.goto("/wallet")
    wallet.evaluate("window.neverReloaded = true")
    timeline.mark("wallet open in a second window, 0.00 TEO")
    return wallet


def order_course(page, timeline):
    page.goto("/courses")
    page.get_by_role("link", name="How blockchains really work").first.click()
    timeline.mark("course page")
    page.get_by_role("link", name=re.compile("Buy")).first.click()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    timeline.mark("payment page")
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url("**/orders/*")
    page.evaluate("window.neverReloaded = true")
    timeline.mark("paid, back on the order's page")


def arrives(page, wallet, timeline):
    receipt = page.locator("#receipt")
    receipt.get_by_text(re.compile("Enrolled")).first.wait_for()
    timeline.mark("webhook received: enrolled, reward credited")
    receipt.get_by_text(re.compile("(on chain|final) · block")).first.wait_for()
    timeline.mark("reward on chain, on the order's page")
    wallet.locator("#activity").get_by_text(re.compile("(on chain|final) · block")).first.wait_for()
    wallet.locator("#balance").get_by_text("1.60").first.wait_for()
    timeline.mark("1.60 TEO on the open wallet")
    assert page.evaluate("window.neverReloaded"), "the order's page was reloaded"
    assert wallet.evaluate("window.neverReloaded"), "the wallet was reloaded"


def learn(page, wallet, timeline):
    page.get_by_role("link", name="Start the first lesson").click()
    page.get_by_role("button", name="Mark as complete").click()
    page.get_by_text(re.compile(r"\+0\.45")).first.wait_for()
    timeline.mark("first lesson complete, +0.45 TEO")
    wallet.locator("#balance").get_by_text("2.05").first.wait_for()
    assert wallet.evaluate("window.neverReloaded"), "the wallet was reloaded"
    timeline.mark("2.05 TEO on the open wallet, never reloaded")


def demo_url():
    """Where the demo runs; Refusal when it does not."""
    url = f"http://127.0.0.1:{os.environ.get('DEMO_PORT', '8000')}"
    try:
        urllib.request.urlopen(f"{url}/health/live", timeout=3).close()
    except (urllib.error.URLError, OSError):
        raise Refusal(f"No demo answers at {url}: start it in another terminal with `make demo`.") from None
    return url


def main():
    url = demo_url()
    with chromium() as browser:
        buy(browser, url, print)
    print("The main job runs.")


if __name__ == "__main__":
    sys.exit(run(main))
