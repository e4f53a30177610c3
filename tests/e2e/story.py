"""A story told in a browser: its people, the site it plays on, and the balances each step must leave."""

import subprocess
from decimal import Decimal

from rig import ROOT, VAR
from rig.browser import Watch, chromium
from rig.tools import VENV
from tests.e2e import buy
from tests.e2e.books import Books, lines
from tests.e2e.buy import PASSWORD, PATIENCE, Timeline

INDENT = " " * 11


def told(play, browser, url, environment, say):
    """Run play(story); an error says where it stopped, var/stopped-….png shows it. Answers the timeline's events."""
    story = Story(browser, url, environment, say)
    try:
        play(story)
        assert [problem for person in story.people for problem in person.watch.problems] == []
    except BaseException:
        for number, person in enumerate(story.people, 1):
            person.page.screenshot(path=VAR / f"stopped-{number}.png")
        raise
    finally:
        for person in story.people:
            person.context.close()
    return story.timeline.events


def on_the_demo(play):
    """Run a play against the demo that runs here, and print what happens."""
    url = buy.demo_url()
    with chromium() as browser:
        play(browser, url, VAR / "demo" / "worker.env", print)


class Person:
    """A member with a browser of his own."""

    def __init__(self, story, email=None, password=PASSWORD):
        self.story, self.email, self.password = story, email, password
        self.context = story.browser.new_context(base_url=story.url, locale="en-GB", timezone_id="Europe/Rome")
        self.context.set_default_timeout(PATIENCE)
        self.watch = Watch(self.context, story.url)
        self.page = self.context.new_page()

    def sign_up(self):
        buy.sign_up(self.page, self)
        return self

    def mark(self, sentence):
        """Heard from the sign-up, whose first sentence names the address."""
        if sentence.startswith("signed up as "):
            self.email = sentence.removeprefix("signed up as ")

    def log_in(self):
        """Anew, as every sign-in ends when the clock goes on by a month."""
        self.context.clear_cookies()
        self.page.goto("/log-in")
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(self.password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_label("Your account").wait_for()
        return self

    def press(self, name):
        self.page.get_by_role("button", name=name).first.click()

    def download(self, name):
        """The bytes of the file behind a link."""
        with self.page.expect_download() as begun:
            self.page.get_by_role("link", name=name).first.click()
        return begun.value.path().read_bytes()

    def available(self):
        """What the wallet shows as available."""
        self.page.goto("/wallet")
        return Decimal(self.page.locator("[data-counts=available]").inner_text().replace("\u202f", ""))


class Story:
    """One site, its command line, what has happened so far, and what that must have come to.

    `expected` holds the balances of all accounts that are not zero: {"student TEO available": Decimal, …}."""

    def __init__(self, browser, url, environment, say):
        self.browser, self.url, self.environment, self.say = browser, url, environment, say
        self.books = Books(environment)
        self.timeline = Timeline(say)
        self.people, self.named, self.expected = [], {}, {}

    def person(self, *who):
        self.people.append(Person(self, *who))
        return self.people[-1]

    def cast(self, **people):
        """Those whose balances are followed, by name."""
        self.named = people

    def flask(self, *words, status=0):
        return flask(self.environment, *words, status=status)

    def until(self, statement):
        """Wait until the database says so."""
        for _ in range(PATIENCE // 250):
            if (self.books.ask(statement) or [False])[0]:
                return
            self.people[0].page.wait_for_timeout(250)
        raise AssertionError(f"never was: {statement}")

    def tell(self, sentence, **changed):
        """Mark what happened and print every balance, once they are as expected: `changed` by asset and account, all others as before.

        Such as student_TEO_available="28". The wallets' pages must show the same."""
        self.expected |= {account.replace("_", " "): Decimal(amount) for account, amount in changed.items()}
        balances = self._settled()
        for name, person in self.named.items():
            shown, there = person.available(), balances[f"{name} TEO available"]
            assert shown == there.quantize(Decimal("0.01")), f"the {name}'s wallet shows {shown} TEO, and there are {there}"
        self.timeline.mark(sentence)
        for line in lines(balances):
            self.say(INDENT + line)

    def _settled(self):
        """The balances, as soon as they are as expected."""
        for _ in range(PATIENCE // 250):
            balances = self.books.balances({name: person.email for name, person in self.named.items()})
            wrong = {account: amount for account, amount in balances.items() if amount != self.expected.get(account, 0)}
            if not wrong:
                return balances
            self.people[0].page.wait_for_timeout(250)
        raise AssertionError("\n".join(f"{account} is {amount}, not {self.expected.get(account, 0)}" for account, amount in wrong.items()))


def flask(environment, *words, status=0):
    """Run a command of the application on the site with this environment file, which must exit with this status; answers what it said."""
    done = subprocess.run([VENV / "bin" / "flask", "-e", environment, *words], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == status, f"flask {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout
