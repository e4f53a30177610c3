"""Admins let withdrawals go or not, and their members read why not."""

from html import unescape

import pytest

from lms.db import db, transaction
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, give, teo

DESK = "/admin/payouts"


def asked(user, amount, key="w1", digits="ab"):
    give(user, amount)
    with transaction():
        withdrawal = withdrawals.request(key, user, address_of(user, digits).id, teo(amount))
        withdrawals.check(withdrawal)
    return withdrawal


@pytest.fixture
def waiting(ana):
    return asked(ana, 300)


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def test_the_desk_shows_who_wants_how_much_and_why_somebody_looks(browser, waiting):
    page = unescape(browser.get(DESK).text)
    for said in ("ana@example.org", "300.00 TEO", waiting.to[:6], "Withdrawn in 30 days", "0 of 1 approval<", "above what goes out without a look"):
        assert said in page
    assert "Withdrawals wait for a decision" in browser.get("/admin/").text


def test_the_oldest_stands_first(browser, waiting, bruno):
    asked(bruno, 400, key="b", digits="cd")
    page = browser.get(DESK).text
    assert page.index("ana@example.org") < page.index("bruno@example.org")


def test_an_admin_approves_and_it_leaves_the_desk(browser, waiting):
    assert browser.post(f"{DESK}/{waiting.id}/approval").status_code == 303
    page = browser.get(DESK).text
    assert waiting.state == "approved" and "Approved: it goes out." in page and "ana@example.org" not in page


def test_of_a_large_one_the_desk_says_who_approved_it_and_that_another_must(browser, ana):
    large = asked(ana, 1500)
    browser.post(f"{DESK}/{large.id}/approval")
    page = unescape(browser.get(DESK).text)
    assert large.state == "in review" and "1 of 2 approvals" in page and "Another admin must approve it too" in page
    assert f"{DESK}/{large.id}/approval" not in page
    assert browser.post(f"{DESK}/{large.id}/approval").status_code == 409


def test_the_member_reads_why_it_was_rejected(browser, waiting, ana, log_in):
    assert browser.post(f"{DESK}/{waiting.id}/rejection", data={"reason": "Write to us."}).status_code == 303
    assert (waiting.state, wallet.balance(ana.id).available) == ("rejected", teo(300))
    assert "Write to us." in log_in(ana).get(f"/wallet/withdrawals/{waiting.id}").text


@pytest.mark.parametrize("reason", ["", " ", "y" * 501])
def test_a_rejection_without_a_reason_keeps_what_was_typed(reason, browser, waiting):
    answer = browser.post(f"{DESK}/{waiting.id}/rejection", data={"reason": reason})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and reason.strip() in answer.text
    assert db.session.get(Withdrawal, waiting.id).state == "in review"


def test_nobody_finds_buttons_for_his_own(browser, ada):
    own = asked(ada, 300)
    assert "another admin decides" in browser.get(DESK).text and f"{DESK}/{own.id}/" not in browser.get(DESK).text
    assert browser.post(f"{DESK}/{own.id}/approval").status_code == 403
    assert own.state == "in review"


@pytest.mark.parametrize("verb", ["approval", "rejection"])
def test_who_is_no_admin_decides_nothing(verb, waiting, tea, log_in):
    assert log_in(tea).post(f"{DESK}/{waiting.id}/{verb}", data={"reason": "no"}).status_code == 403
    assert waiting.state == "in review"


def test_the_desk_takes_as_many_statements_for_three_as_for_one(browser, waiting, bruno, member, statements):
    browser.get(DESK)
    with statements() as one:
        browser.get(DESK)
    asked(bruno, 300, key="b", digits="cd")
    asked(member("carla"), 1200, key="c", digits="ef")
    with statements() as three:
        assert browser.get(DESK).text.count("/rejection") == 3
    assert len(three) == len(one)


def test_what_is_not_there_is_not_found(browser):
    assert browser.post(f"{DESK}/7/approval").status_code == 404
