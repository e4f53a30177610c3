"""The economy as its members live it: a teacher who stakes, a student who pays in TEO, learns, withdraws, gives a course back, and adds up his statement.

`make play-economy` runs it against the running demo, whose clock it moves; a test runs it against a demo of its own.
"""

import csv
import io
import re
import secrets
import subprocess
import sys
from decimal import Decimal

from eth_account import Account
from eth_account.messages import encode_defunct

from rig import ROOT, VAR
from rig.browser import Watch, chromium
from rig.terminal import run
from rig.tools import VENV
from tests.e2e import buy
from tests.e2e.buy import PASSWORD, PATIENCE, Timeline, demo_url

ADMIN, ADMINS_PASSWORD = "admin@example.org", "learn-and-earn"
REFUNDED = "statistics-you-can-argue-with"
WALLET = """
(() => {
  const request = async ({ method, params }) => window.askWallet(method, params ?? []);
  const info = { uuid: "story", name: "Story Wallet", rdns: "org.example.story", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" };
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider: { request } }) }));
  addEventListener("eip6963:requestProvider", announce);
})()
"""


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

    def available(self):
        """What the wallet shows as available."""
        self.page.goto("/wallet")
        return Decimal(self.page.locator("[data-counts=available]").inner_text().replace("\u202f", ""))

    def until(self, happened, otherwise):
        for _ in range(PATIENCE // 250):
            if happened():
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(otherwise)


class Story:
    """One site, its command line, and what has happened so far."""

    def __init__(self, browser, url, environment, say):
        self.browser, self.url, self.environment = browser, url, environment
        self.timeline = Timeline(say)
        self.people = []

    def person(self, *who):
        self.people.append(Person(self, *who))
        return self.people[-1]

    def flask(self, *words):
        done = subprocess.run([VENV / "bin" / "flask", "-e", self.environment, *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"flask {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def tell(self, sentence):
        self.timeline.mark(sentence)


def play(browser, url, environment, say=lambda line: None):
    """Run the story; an error says where it stopped, var/stopped-….png shows it. Answers the timeline's events."""
    story = Story(browser, url, environment, say)
    try:
        admin, teacher = story.person(ADMIN, ADMINS_PASSWORD).log_in(), story.person().sign_up()
        become_teacher(story, teacher, admin)
        slug = write_course(story, teacher, admin)
        stake(story, teacher)
        student = story.person().sign_up()
        buy_with_teo(story, student, teacher, slug)
        mature(story, student, teacher)
        withdraw(story, student)
        give_back(story, student)
        add_up(story, student)
        agree(story)
        assert [problem for person in story.people for problem in person.watch.problems] == []
    except BaseException:
        for number, person in enumerate(story.people, 1):
            person.page.screenshot(path=VAR / f"stopped-{number}.png")
        raise
    finally:
        for person in story.people:
            person.context.close()
    return story.timeline.events


def become_teacher(story, teacher, admin):
    page, subject = teacher.page, f"Building bridges {secrets.token_hex(2)}"
    page.goto("/teach/apply/")
    page.get_by_label("What will you teach?").fill(subject)
    page.get_by_label("Where do you know it from?").fill("Twenty years of stone and steel.")
    teacher.press("Apply")
    page.get_by_text("in review").first.wait_for()
    admin.page.goto("/admin/applications/")
    admin.page.get_by_role("link", name=subject).click()
    admin.press("Approve: make a teacher")
    page.goto("/teach/")
    page.get_by_text("You have no course yet.").wait_for()
    story.tell("a teacher applied, and an admin approved her")


def write_course(story, teacher, admin):
    page, title = teacher.page, f"How bridges stand {secrets.token_hex(2)}"
    page.goto("/teach/new")
    page.get_by_label("Title").fill(title)
    teacher.press("Begin the course")
    page.get_by_label("Summary").fill("Why a stone arch needs no mortar.")
    page.get_by_label("Price in EUR").fill("100")
    page.get_by_label("Purchase reward in %").fill("2")
    page.get_by_label("The most a student may pay in TEO").select_option("1500")
    teacher.press("Save")
    slug = re.search(r"/courses/([\w-]+)", page.url)[1]
    page.get_by_label("Title of the section").fill("Arches")
    teacher.press("Add the section")
    page.get_by_role("link", name="Add a lesson").click()
    page.get_by_label("Title").fill("The keystone")
    page.get_by_label("Text").fill("It goes in **last**, and carries all.")
    teacher.press("Save")
    teacher.press("Submit the course")
    admin.page.goto(f"/admin/courses/{slug}")
    admin.press("Approve and publish")
    policy(teacher)
    coupon(teacher)
    story.tell(f"her course costs 100.00 €, she takes the TEO of every discount, and her coupon takes 20 % off ({title})")
    return slug


def policy(teacher):
    teacher.page.goto("/teach/policy")
    teacher.page.get_by_label("I take the TEO, always").check()
    teacher.press("Save")
    teacher.page.get_by_text("Your policy is saved.").wait_for()


def coupon(teacher):
    page = teacher.page
    page.goto("/teach/coupons/")
    page.get_by_label("Code").fill("ARCH-20")
    page.get_by_label("How much").fill("20")
    page.get_by_label("At most so many times").fill("10")
    teacher.press("Make the coupon")
    page.get_by_text("The coupon ARCH-20 is there.").wait_for()


def stake(story, teacher):
    story.flask("demo", "grant", teacher.email, "120")
    teacher.page.goto("/teach/staking/")
    teacher.page.locator("#stake").get_by_label("Amount in TEO").fill("100")
    teacher.press("Stake")
    teacher.page.get_by_text("your tier: 55 % of each price is yours").wait_for()
    story.tell(f"she staked 100 TEO to Silver; {teacher.available()} TEO available")


def buy_with_teo(story, student, teacher, slug):
    story.flask("demo", "grant", student.email, "40")
    page = student.page
    page.goto(f"/courses/{slug}/checkout?code=ARCH-20")
    page.get_by_label("15 %: 12.00 TEO take 12.00 € off").check()
    page.get_by_text("Paid with 12.00 TEO").wait_for()
    page.get_by_text("68.00 €").first.wait_for()
    pay(student)
    story.tell(f"a student bought it for 68.00 € and 12 TEO; {student.available()} TEO available")
    teacher.page.goto("/teach/money/")
    for said in ("+32.00 €", "+15.00 TEO"):
        teacher.page.get_by_text(said).first.wait_for()
    story.tell("the teacher got 32.00 € and 15.00 TEO, the quarter more from the treasury")


def pay(student):
    student.press("Continue to payment")
    student.page.get_by_label("Card number").fill("4242 4242 4242 4242")
    student.press(re.compile("^Pay"))
    student.page.locator("#receipt").get_by_text("Paid. You are enrolled").wait_for()


def mature(story, student, teacher):
    story.flask("demo", "advance", "31d")
    student.log_in()
    teacher.log_in()
    student.until(lambda: student.available() == Decimal("29.36"), "the student's reward did not mature")
    teacher.until(lambda: teacher.available() == Decimal("35.00"), "the teacher's TEO did not mature")
    story.tell("a month later the student has 29.36 TEO available, the teacher 35.00")


def withdraw(story, student):
    key, page = Account.create(), student.page
    page.expose_function("askWallet", lambda method, params: _answer(key, method, params))
    page.add_init_script(WALLET)
    page.goto("/wallet/addresses")
    student.press("Story Wallet")
    page.get_by_text("The address is linked.").wait_for()
    story.flask("demo", "advance", "25h")
    page.goto("/wallet/withdrawals/new")
    page.get_by_label("Amount").fill("15")
    student.press("Withdraw 15.00 TEO")
    page.locator("#withdrawal").get_by_text("It has arrived, for good").wait_for()
    story.tell(f"15 TEO went to {key.address[:6]}…{key.address[-4:]}, final on the chain; {student.available()} TEO available")


def _answer(key, method, params):
    if method == "eth_requestAccounts":
        return [key.address]
    return "0x" + key.sign_message(encode_defunct(hexstr=params[0])).signature.hex().removeprefix("0x")


def give_back(story, student):
    page = student.page
    page.goto(f"/courses/{REFUNDED}/checkout")
    pay(student)
    page.get_by_role("link", name="Changed your mind?").click()
    student.press("Give the course back")
    page.get_by_text("This course was given back.").wait_for()
    story.tell(f"another course was bought and given back; {student.available()} TEO available")


def add_up(story, student):
    page = student.page
    page.goto("/wallet/statements")
    first = page.get_by_label("From").input_value()
    last = page.get_by_label("To, this day included").input_value()
    answer = student.context.request.get(f"/wallet/statements/days.csv?first={first}&last={last}")
    rows = list(csv.reader(io.StringIO(answer.body().decode("utf-8-sig"))))[1:]
    opening, *lines, closing = [(row[5], row[7]) for row in rows]
    changes = sum(Decimal(change) for change, _ in lines if change)
    assert Decimal(opening[1]) + changes == Decimal(closing[1]), "the statement does not foot"
    story.tell(f"the statement foots: {opening[1]} + {changes} in {len(lines)} lines = {closing[1]} TEO")


def agree(story):
    """Once all is settled the audit's row is zeros, and the supply is what the ledger says."""
    said = ""
    for _ in range(20):
        said = story.flask("audit")
        if "supply = ledger" in said:
            break
    assert "differences 0, supply = ledger" in said, said
    story.tell("flask audit: differences 0, supply = ledger")


def main():
    url = demo_url()
    with chromium() as browser:
        play(browser, url, VAR / "demo" / "worker.env", print)
    print("The economy runs.")


if __name__ == "__main__":
    sys.exit(run(main))
