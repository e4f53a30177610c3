"""What admins of the story decide at the review desk, each step with what everybody concerned then sees."""

import re

from tests.e2e.buy import PATIENCE
from tests.e2e.stage import withdraw

OTHERS_CASE = "has this case open, too."


def four_eyes(story, people, teacher, ada, aldo):
    """A payout over the limit waits after the first admin's word, and goes with the second's; three screens follow it."""
    number = ask(teacher, "1100")
    for admin in (ada, aldo):
        admin.page.goto(f"/admin/payouts/{number}")
    for admin, other in ((ada, "Aldo Admin"), (aldo, "Ada Admin")):
        says(admin, "#company", f"{other} {OTHERS_CASE}")
    story.flask("demo", "advance", "11m")
    open_pages = [mark(person) for person in (teacher, aldo)]
    ada.press("Approve")
    ada.page.get_by_role("heading", name="Your password, please").wait_for()
    prove(ada)
    ada.page.get_by_text("Approved. Another admin must approve it too.").wait_for()
    says(aldo, "#case", re.compile("1 of 2 approvals.*Ada Admin", re.DOTALL))
    says(teacher, "#withdrawal", "One of us looks at it before it goes")
    unreloaded(open_pages)
    assert story.books.on_chain(people.addresses[teacher.email]) == 0
    story.timeline.mark("1,100 TEO of a teacher: one admin approved it, after his password; it waits, and the other admin's open case says so")
    open_pages = [mark(person) for person in (teacher, ada)]
    aldo.press("Approve")
    prove(aldo)
    aldo.page.get_by_text("Approved: it goes out.").wait_for()
    says(teacher, "#withdrawal", "It has arrived, for good")
    says(ada, "#case", re.compile("2 of 2 approvals.*Ada Admin, Aldo Admin", re.DOTALL))
    says(ada, "#case", "final · block")
    unreloaded(open_pages)
    assert story.books.on_chain(people.addresses[teacher.email]) == 1100
    story.timeline.mark("the second admin approved: it is final on the chain, and the first one's case and the teacher's page said so by themselves")


def circle(story, people, member, ada):
    """Accounts of one browser that trade with each other are flagged; each is held, for a reason its member reads and a note he does not."""
    other = people.log_in(people.ring[1])
    numbers = ask(member, "20"), _number(withdraw(other, "20"))
    page = ada.page
    for number in numbers:
        until_in_review(story, number)
        page.goto("/admin/payouts?which=risky&order=risk")
        page.locator(f"#withdrawal-{number}").get_by_role("link").click()
        for said in ("Signs of fraud", "Circle", "He traded with Rico Ring, who shares a browser", "Shared browser", "signed in with the same browser."):
            page.get_by_text(said).first.wait_for()
        page.locator("summary", has_text="Hold").click()
        page.locator("#hold").get_by_label("Why? The member reads it.").fill("We ask you for a proof of who you are: write to us.")
        page.locator("#hold").get_by_label("A note for the admins").fill("Three accounts, one browser, one course.")
        page.locator("#hold").get_by_role("button", name="Hold").click()
        page.get_by_text("It is on hold, and its member reads why.").wait_for()
        assert not page.get_by_role("button", name="Approve").count(), "what is on hold can be approved"
    says(member, "#withdrawal", "The reason: We ask you for a proof of who you are: write to us.")
    for told in (member.page.content(), other.get(f"/wallet/withdrawals/{numbers[1]}").text):
        assert "We ask you for a proof" in told and "one browser" not in told and "Circle" not in told
    story.timeline.mark("two accounts of one browser, which bought of a third in it, are flagged as a circle and held; their members read why, and not what gave them away")


def batch(story, people, ada):
    """Ten cases without a sign of fraud are approved with one word."""
    owners = [people.log_in(email) for email in people.savers]
    numbers = [_number(withdraw(owner, "210")) for owner in owners for _ in range(3)][:10]
    for number in numbers:
        until_in_review(story, number)
    page = ada.page
    page.goto("/admin/payouts?which=clean")
    for number in numbers:
        page.locator(f"input[name=chosen][value='{number}']").check()
    ada.press("Approve the chosen together")
    page.get_by_text(re.compile(r"2\W?100\.00 TEO")).first.wait_for()
    gas = page.locator(".kv").first.inner_text()
    assert "Gas" in gas, gas
    ada.press("Approve all 10")
    page.get_by_text("Approved: 10 go out, 0 wait for another admin.").wait_for()
    for number in numbers:
        story.until(f"SELECT state = 'sent' FROM withdrawals WHERE id = {number}")
    story.timeline.mark(f"ten clean cases of {len(owners)} members were approved at once ({' '.join(gas.split())}); all are final on the chain")


def ask(member, amount):
    """For so many TEO, on the member's open page, which says soon that somebody looks at it; answers the number of the withdrawal."""
    page = member.page
    page.goto(f"/wallet/withdrawals/new?amount={amount}")
    member.press(re.compile("^Withdraw .*TEO"))
    says(member, "#withdrawal", "One of us looks at it before it goes")
    return _number(page.url)


def prove(admin):
    admin.page.get_by_label("Your password").fill(admin.password)
    admin.press("Go on")


def says(person, place, words):
    """Wait until this part of the person's page says so."""
    person.page.locator(place).filter(has_text=words).wait_for(timeout=PATIENCE)


def mark(person):
    person.page.evaluate("window.neverReloaded = true")
    return person


def unreloaded(people):
    for person in people:
        assert person.page.evaluate("window.neverReloaded"), f"the page of {person.email} was loaded again"


def until_in_review(story, number):
    story.until(f"SELECT state = 'in review' FROM withdrawals WHERE id = {number}")


def _number(path):
    return int(path.rpartition("/")[2])
