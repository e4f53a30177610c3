""""Why this TEO?": each row of the wallet leads to the rule and the numbers that made it."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds, splits
from lms.domain.courses.models import Course
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.rulebook.rules import Rules
from lms.domain.staking import actions as staking
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from tests.conftest import address_of, announce, pay, sell, teo
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def why(log_in):
    """why(member, reason) is what the page behind the newest row of that reason says."""

    def why(member, reason):
        found = next(each for each in wallet.movements(member.id) if each.reason == reason)
        return words(log_in(member).get(f"/wallet/movements/{found.id}").text)

    return why


def words(page):
    main = page.split("<main")[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def give(member, amount):
    with transaction():
        return ledger.post(f"gift:{member.id}", accounts.platform(TEO, "issuance"), accounts.member(member.id, TEO, "available"), teo(amount), "grant", evidence={"by": "test"})


def study(member, course, lessons):
    enrolment = enrolments.enrolment(member.id, course.id)
    for lesson in db.session.get(Course, course.id).lessons[:lessons]:
        with transaction():
            learning.complete_lesson(enrolment, lesson)


def buy(member, course, level_bp):
    """A course bought with a part in TEO."""
    with transaction():
        order = checkout.place_order(member, course, "key", level_bp=level_bp)
        facts = dict(id="evt", kind="payment.succeeded", order_id=order.id, reference="pay", amount=order.total, currency="EUR", reason="")
        checkout.receive("sandbox", SimpleNamespace(**facts))
    return order


def run_due():
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)


def test_a_purchase_reward_is_the_price_times_the_rate(ana, course, why):
    order = sell(ana, course)
    page = why(ana, "purchase")
    assert "80.00 € paid × 2 % = 1.60 TEO" in page
    assert f"Order {order.id}" in page and "Rulebook version 1" in page
    assert "0.00 TEO of your 100.00 TEO a day had been granted before: 100.00 TEO were left" in page
    assert re.search(rf"Available {order.paid_at + timedelta(days=14):%-d %b}.*, when the right to a refund has ended", page)


def test_lessons_share_their_part(ana, course, why):
    sell(ana, course)
    study(ana, course, 1)
    assert "80.00 € paid × 4 % = 3.20 TEO for all lessons, shared by 4: 0.80 TEO each" in why(ana, "lesson")


def test_a_later_lesson_shares_what_was_left(ana, course, why):
    sell(ana, course)
    study(ana, course, 3)
    page = why(ana, "lesson")
    assert "= 3.20 TEO for all lessons, less 1.60 TEO for those completed before, shared by the 2 that were left: 0.80 TEO each" in page
    assert "3.20 TEO of your 100.00 TEO a day had been granted before: 96.80 TEO were left" in page


def test_finishing_is_the_price_times_the_rate(ana, course, why):
    sell(ana, course)
    study(ana, course, 4)
    assert "80.00 € paid × 4 % = 3.20 TEO" in why(ana, "completion")


def test_of_a_discount_only_the_cash_counts(ana, course, why):
    give(ana, 20)
    buy(ana, course, 500)
    assert "76.00 € paid × 2 % = 1.52 TEO" in why(ana, "purchase")
    for reason in ("order placed", "discount"):
        assert "80.00 € × 5 %, to the cent, paid in TEO: 4.00 TEO" in why(ana, reason)


def test_what_a_limit_deferred_is_reckoned(ana, why):
    with transaction():
        rewards.grant("k", ana.id, "purchase", teo(120), Rules(), clock.now() + timedelta(days=14))
    page = why(ana, "purchase")
    assert "100.00 TEO of 120.00 TEO were granted; 20.00 TEO wait for the next day" in page and "It waited" not in page
    clock.advance(timedelta(days=1))
    for grant_id in due.due_grants():
        with transaction():
            rewards.grant_deferred(grant_id)
    page = why(ana, "purchase")
    assert "It waited here since the limit of an earlier day was reached" in page
    assert "0.00 TEO of your 100.00 TEO a day had been granted before: 100.00 TEO were left" in page


def test_the_limit_of_all_members_is_said_where_it_bites(ana, bruno, why):
    announce(user_daily_cap=teo(8), platform_daily_cap=teo(8))
    clock.advance(timedelta(days=20, minutes=1))
    for member in (ana, bruno):
        with transaction():
            rewards.grant(member.email, member.id, "purchase", teo(6), Rules(), clock.now())
    assert "of all members" not in why(ana, "purchase")
    page = why(bruno, "purchase")
    assert "6.00 TEO of the 8.00 TEO a day of all members had been granted before: 2.00 TEO were left" in page
    assert "2.00 TEO of 6.00 TEO were granted; 4.00 TEO wait for the next day" in page


def test_limits_of_another_version_than_the_amounts_are_said_to_be(ana, why):
    announce(user_daily_cap=teo(8))
    for key in ("before", "after"):
        with transaction():
            rewards.grant(key, ana.id, "purchase", teo(6), Rules(), clock.now())
        page = why(ana, "purchase")
        assert "Rulebook version 1" in page
        assert ("those of version 2 of the rulebook" in page, "at most 8.00 TEO" in page) == (key == "after", key == "after")
        clock.advance(timedelta(days=20, minutes=1))


def test_what_matured_names_the_credit(ana, course, why, log_in):
    order = sell(ana, course)
    credit = wallet.movements(ana.id)[0].id
    clock.advance(timedelta(days=15))
    run_due()
    page = why(ana, "matured")
    assert "from now on you can use it" in page and "What it came from Purchase reward" in page and f"Order {order.id}" in page
    assert f'href="/wallet/movements/{credit}"' in log_in(ana).get(f"/wallet/movements/{wallet.movements(ana.id)[0].id}").text
    assert "Available since" in why(ana, "purchase")


def test_a_repayment_names_what_paid_it(ana, bruno, why):
    give(bruno, 5)
    with transaction():
        debts.take_back("debt", [accounts.member(ana.id, TEO, "available")], accounts.platform(TEO, "issuance"), teo(3), "refund", evidence={"by": "test"})
    give(ana, 5)
    page = why(ana, "repaid")
    assert "You owed it" in page and "What it came from Grant" in page
    assert "3.00 TEO of the 5.00 TEO that were credited" in page


def test_a_teacher_reads_why_he_got_teo(ana, tea, course, why):
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    give(ana, 20)
    buy(ana, course, 500)
    page = why(tea, "sale")
    assert "4.00 € of the price came to you as 4.00 TEO in place of euros" in page and "Decided by your policy" in page
    assert "4.00 TEO of the discount × 25 % = 1.00 TEO on top" in why(tea, "sale bonus")


def links(browser, member):
    """Where the orders named behind the member's rows lead."""
    pages = [browser.get(f"/wallet/movements/{each.id}").text for each in wallet.movements(member.id) if each.evidence.get("order")]
    return [re.search(r"Order</dt><dd[^>]*><a href=\"([^\"]+)", page)[1] for page in pages]


def test_each_side_of_a_sale_is_led_to_its_own_page_of_it(ana, tea, course, log_in):
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    give(ana, 20)
    order = buy(ana, course, 500)
    with transaction():
        refunds.refund(order)
    of_tea = links(log_in(tea), tea)
    assert set(of_tea) == {"/teach/sales"} and len(of_tea) == 4
    of_ana = links(log_in(ana), ana)
    assert set(of_ana) == {f"/orders/{order.id}"} and len(of_ana) == 5


def test_a_refund_says_so(ana, course, why):
    order = sell(ana, course)
    with transaction():
        refunds.refund(order)
    assert "The money of the sale went back" in why(ana, "refund")


def test_what_a_refund_undoes_is_named(ana, course, why, log_in):
    give(ana, 20)
    order = buy(ana, course, 500)
    credits = {each.reason: each.id for each in wallet.movements(ana.id)}
    with transaction():
        refunds.refund(order)
    came_back, went_back = wallet.movements(ana.id)[:2]
    browser = log_in(ana)
    for row, said, undone in (
        (went_back, "1.52 TEO of the 1.52 TEO that were credited went back, out of what was maturing", ("purchase", "Purchase reward")),
        (came_back, "4.00 TEO of the 4.00 TEO that you had paid came back", ("discount", "Discount on an order")),
    ):
        page = browser.get(f"/wallet/movements/{row.id}").text
        assert said in words(page) and f"What it undoes {undone[1]}" in words(page)
        assert f'href="/wallet/movements/{credits[undone[0]]}"' in page


def test_each_row_of_what_was_taken_back_says_which_part_it_is(ana, tea, course, log_in):
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    give(ana, 20)
    order = buy(ana, course, 500)
    clock.advance(timedelta(days=31))
    run_due()
    with transaction():
        staking.stake("k", tea, teo(3))
    pay(order, "pay", "dispute.lost", dispute="dp_1", fee=0)
    of_bonus, owed, taken = wallet.movements(tea.id)[:3]
    browser = log_in(tea)
    pages = [words(browser.get(f"/wallet/movements/{row.id}").text) for row in (taken, owed, of_bonus)]
    assert "2.00 TEO of the 4.00 TEO that were credited went back, out of what you had available" in pages[0]
    assert "2.00 TEO of the 4.00 TEO that were credited were not there any more: you owe them" in pages[1]
    assert "1.00 TEO of the 1.00 TEO that were credited were not there any more" in pages[2]
    assert ["What it undoes TEO of a sale" in page for page in pages] == [True, True, False]


def test_a_grant_says_where_it_comes_from(ana, why):
    give(ana, 5)
    assert "The platform gave it to you, out of its treasury." in why(ana, "grant")


def test_a_stake_says_until_when_it_is_bound(tea, why):
    give(tea, 20)
    with transaction():
        staking.stake("k", tea, teo(20))
    page = why(tea, "staked")
    assert "It counts for your tier, and is locked for a while." in page and "Until" in page


def test_each_withdrawal_of_a_teacher_says_that_an_admin_looks_at_it(ana, tea, why):
    with transaction():
        bank_of(tea)
    for member in (ana, tea):
        give(member, 20)
        with transaction():
            withdrawals.request(member.email, member, address_of(member, f"{member.id:02x}").id, teo(10))
    assert ["An admin looks at each one of a teacher" in why(member, "withdrawal requested") for member in (ana, tea)] == [False, True]


def test_a_withdrawal_says_where_to_and_why_it_came_back(ana, why):
    give(ana, 20)
    available, reserved = (accounts.member(ana.id, TEO, name) for name in ("available", "reserved"))
    evidence = {"withdrawal": 7, "to": "0x" + "ab" * 20}
    with transaction():
        ledger.post("out", available, reserved, teo(5), "withdrawal requested", evidence=evidence)
        ledger.post("back", reserved, available, teo(5), "withdrawal rejected", evidence=evidence | {"why": "Not your address."})
    assert "It is set aside until it is sent, or given back. When " in why(ana, "withdrawal requested")
    page = why(ana, "withdrawal rejected")
    assert "Why Not your address." in page and "Withdrawal 7 To the address 0xabab" in page


@pytest.mark.parametrize(
    "reason",
    ["purchase", "lesson", "completion", "matured", "repaid", "order placed", "order closed", "discount", "sale", "sale bonus", "deposit", "refund", "staked", "withdrawal rejected", "unheard of"],
)
def test_a_row_written_before_says_less_and_never_fails(ana, why, reason):
    with transaction():
        ledger.post("old", accounts.platform(TEO, "issuance"), accounts.member(ana.id, TEO, "available"), teo(1), reason, evidence={"course": "Weaving"})
    page = why(ana, reason)
    assert "Course Weaving" in page and "Rulebook version 1" in page
    assert "×" not in page and " = " not in page and "Limits of that day" not in page


def test_the_evidence_takes_few_statements(ana, course, log_in, statements):
    sell(ana, course)
    browser, movement = log_in(ana), wallet.movements(ana.id)[0].id
    browser.get("/wallet")
    with statements() as seen:
        browser.get(f"/wallet/movements/{movement}", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert len(seen) == 3
