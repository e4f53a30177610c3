"""What a student of the story does with his TEO: he buys, withdraws, gives back, and adds up."""

import csv
import io
import re
from decimal import Decimal

from eth_account import Account
from eth_account.messages import encode_defunct

WALLET = """
(() => {
  const request = async ({ method, params }) => window.askWallet(method, params ?? []);
  const info = { uuid: "story", name: "Story Wallet", rdns: "org.example.story", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" };
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider: { request } }) }));
  addEventListener("eip6963:requestProvider", announce);
})()
"""


def buy_with_teo(story, student, teacher, slug):
    """Of 100.00 € the coupon takes 20.00 €; of the 80.00 € that are the price, 15 % are paid with 12 TEO."""
    story.flask("demo", "grant", student.email, "40")
    story.tell("a student was granted 40 TEO", student_TEO_available="40", platform_TEO_issuance="-160")
    page, bonus = student.page, _bonus(story, "3", reward="1.36")
    page.goto(f"/courses/{slug}/checkout?code=ARCH-20")
    page.get_by_label("15 %: 12.00 TEO take 12.00 € off").check()
    page.get_by_text("Paid with 12.00 TEO").wait_for()
    page.get_by_text("68.00 €").first.wait_for()
    pay(student)
    teacher.page.goto("/teach/money/")
    for said in ("+32.00 €", "+15.00 TEO"):
        teacher.page.get_by_text(said).first.wait_for()
    story.tell(
        "he bought her first course for 68.00 € and 12 TEO; the teacher gets 80.00 € × 55 % − 12.00 € = 32.00 €, and 12 TEO × 1.25 = 15 TEO",
        student_TEO_available="28", student_TEO_maturing="1.36", teacher_TEO_maturing="15", teacher_EUR_maturing="32",
        **{"platform_EUR_cards": "-68", "platform_EUR_platform": "36"} | bonus,
    )


def _bonus(story, tokens, reward):
    """The platform's accounts after a reward and a teacher's quarter more: out of what the treasury has, else newly issued."""
    drawn = min(Decimal(tokens), story.books.treasury())
    before = {name: story.expected.get(f"platform TEO {name}", 0) for name in ("treasury", "issuance")}
    return {"platform_TEO_treasury": before["treasury"] - drawn, "platform_TEO_issuance": before["issuance"] - (Decimal(tokens) - drawn) - Decimal(reward)}


def pay(student):
    student.press("Continue to payment")
    student.page.get_by_label("Card number").fill("4242 4242 4242 4242")
    student.press(re.compile("^Pay"))
    student.page.locator("#receipt").get_by_text("Paid. You are enrolled").wait_for()


def mature(story, student, teacher):
    story.flask("demo", "advance", "31d")
    student.log_in()
    teacher.log_in()
    story.tell(
        "a month later all of that has matured",
        student_TEO_available="29.36", student_TEO_maturing="0", teacher_TEO_available="35", teacher_TEO_maturing="0",
        teacher_EUR_available="32", teacher_EUR_maturing="0",
    )


def withdraw(story, student):
    key = link(student)
    story.flask("demo", "advance", "8d")  # one that goes to an address of less than a week is looked at before
    page = student.page
    page.goto("/wallet/withdrawals/new")
    page.get_by_label("Amount").fill("15")
    student.press("Withdraw 15.00 TEO")
    page.locator("#withdrawal").get_by_text("It has arrived, for good").wait_for()
    assert story.books.on_chain(key.address) == 15, "the wallet does not hold on the chain what was withdrawn"
    story.tell(f"he linked {key.address[:6]}…{key.address[-4:]} and withdrew 15 TEO: they are there, final on the chain", student_TEO_available="14.36", platform_TEO_outside="15")


def link(student):
    """Sign in a wallet that the page discovers; answers its key."""
    key, page = Account.create(), student.page
    page.expose_function("askWallet", lambda method, params: _answer(key, method, params))
    page.add_init_script(WALLET)
    page.goto("/wallet/addresses")
    student.press("Story Wallet")
    page.get_by_text("The address is linked.").wait_for()
    return key


def _answer(key, method, params):
    if method == "eth_requestAccounts":
        return [key.address]
    return "0x" + key.sign_message(encode_defunct(hexstr=params[0])).signature.hex().removeprefix("0x")


def give_back(story, student, slug):
    """A course of 50.00 € with 10 % in TEO, bought and refunded: every balance is again what it was."""
    page, before, bonus = student.page, dict(story.expected), _bonus(story, "1.25", reward="0.90")
    page.goto(f"/courses/{slug}/checkout")
    page.get_by_label("10 %: 5.00 TEO take 5.00 € off").check()
    page.get_by_text("Paid with 5.00 TEO").wait_for()
    pay(student)
    order = page.url
    story.tell(
        "he bought her other course for 45.00 € and 5 TEO; the teacher gets 50.00 € × 55 % − 5.00 € = 22.50 €, and 5 TEO × 1.25 = 6.25 TEO",
        student_TEO_available="9.36", student_TEO_maturing="0.90", teacher_TEO_maturing="6.25", teacher_EUR_maturing="22.50",
        **{"platform_EUR_cards": "-113", "platform_EUR_platform": "58.50"} | bonus,
    )
    page.goto(order)
    page.get_by_role("link", name="Changed your mind?").click()
    student.press("Give the course back")
    page.get_by_text("This course was given back.").wait_for()
    story.expected = before
    story.tell("he gave that course back: every balance is what it was before")


def add_up(story, student):
    page = student.page
    page.goto("/wallet/statements")
    student.press("Show")
    table, paper = student.download("CSV"), student.download("PDF")
    opening, lines, closing = _totals(table)
    total = opening
    for change, after in lines:
        total += change
        assert after == total, f"after a line of {change} the statement says {after}, not {total}"
    assert total == closing, "the statement does not foot"
    assert closing == story.expected["student TEO available"], f"the statement closes with {closing} TEO"
    assert paper.startswith(b"%PDF-")
    story.tell(f"the statement foots: {opening} + {total - opening} in {len(lines)} lines = {closing} TEO")


def _totals(table):
    """Of a statement's CSV: the opening, [(change, total)] of the lines, the closing."""
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))[1:]
    opening, *lines, closing = [(Decimal(row[5] or 0), Decimal(row[7])) for row in rows]
    return opening[1], lines, closing[1]
