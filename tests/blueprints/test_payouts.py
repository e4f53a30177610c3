"""Admins let withdrawals go or not, and their members read why not."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.notices.models import Notice
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, give, teo
from tests.desk import approve

DESK = "/admin/payouts"


def asked(user, amount, key="w1", digits="ab"):
    """By a member of long standing: without a sign of fraud."""
    give(user, amount)
    with transaction():
        own = address_of(user, digits)
        user.created_at = own.linked_at = clock.now() - timedelta(days=30)
        withdrawal = withdrawals.request(key, user, own.id, teo(amount))
        withdrawals.check(withdrawal)
    return withdrawal


@pytest.fixture
def waiting(ana):
    return asked(ana, 300)


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def test_the_desk_shows_who_wants_how_much_and_why_somebody_looks(browser, waiting):
    queue, case = (unescape(browser.get(path).text) for path in (DESK, f"{DESK}/{waiting.id}"))
    for said in ("Ana", "300.00 TEO", "0 of 1 approval<", "above what goes out without a look", f'href="{DESK}/{waiting.id}"'):
        assert said in queue
    for said in ("ana@example.org", "300.00", waiting.to, "Withdrawn in 30 days", "0 of 1 approval<", "above what goes out without a look", "It is the first"):
        assert said in case
    assert re.search(r">Under a day</a>[^1-9]*<p [^>]*>1</p>", browser.get("/admin/").text)


def test_the_oldest_stands_first(browser, waiting, bruno):
    asked(bruno, 400, key="b", digits="cd")
    page = browser.get(DESK).text
    assert page.index(">Ana<") < page.index(">Bruno<")


def test_an_admin_approves_and_it_leaves_the_desk(browser, waiting):
    assert approve(browser, waiting).status_code == 303
    page = browser.get(DESK).text
    assert waiting.state == "approved" and "Approved: it goes out." in page and ">Ana<" not in page


def test_of_a_large_one_the_desk_says_who_approved_it_and_that_another_must(browser, ana):
    large = asked(ana, 1500)
    approve(browser, large)
    page = unescape(browser.get(f"{DESK}/{large.id}").text)
    assert large.state == "in review" and "1 of 2 approvals" in page and "Another admin must approve it too" in page
    assert f"{DESK}/{large.id}/approval" not in page
    assert browser.post(f"{DESK}/{large.id}/approval").status_code == 409


def test_the_member_reads_why_it_was_rejected(browser, waiting, ana, log_in):
    assert browser.post(f"{DESK}/{waiting.id}/rejection", data={"reject-reason": "Write to us."}).status_code == 303
    assert (waiting.state, wallet.balance(ana.id).available) == ("rejected", teo(300))
    assert "Write to us." in log_in(ana).get(f"/wallet/withdrawals/{waiting.id}").text


@pytest.mark.parametrize("reason", ["", " ", "y" * 501])
def test_a_rejection_without_a_reason_keeps_what_was_typed(reason, browser, waiting):
    answer = browser.post(f"{DESK}/{waiting.id}/rejection", data={"reject-reason": reason})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and reason.strip() in answer.text
    assert db.session.get(Withdrawal, waiting.id).state == "in review"


def test_nobody_finds_buttons_for_his_own(browser, ada):
    own = asked(ada, 300)
    page = browser.get(f"{DESK}/{own.id}").text
    assert "another admin decides" in page and f'action="{DESK}/{own.id}/' not in page
    assert browser.post(f"{DESK}/{own.id}/approval").status_code == 403
    assert own.state == "in review"


@pytest.mark.parametrize("verb", ["approval", "rejection", "hold", "resumption"])
def test_who_is_no_admin_decides_nothing(verb, waiting, tea, log_in):
    assert log_in(tea).post(f"{DESK}/{waiting.id}/{verb}", data={"reject-reason": "no"}).status_code == 403
    assert waiting.state == "in review"


def test_the_desk_takes_as_many_statements_for_three_as_for_one(browser, waiting, bruno, member, statements):
    browser.get(DESK)
    with statements() as one:
        browser.get(DESK)
    asked(bruno, 300, key="b", digits="cd")
    asked(member("carla"), 1200, key="c", digits="ef")
    with statements() as three:
        assert browser.get(DESK).text.count('id="withdrawal-') == 3
    assert len(three) == len(one)


def test_a_case_takes_as_many_statements_with_many_before_it(browser, waiting, ana, statements):
    counts, place = [], f"{DESK}/{waiting.id}"
    for number in range(3):
        asked_before(ana, number)
        with statements() as seen:
            page = browser.get(place).text
        counts.append(len(seen))
    others = set(re.findall(r'href="(/admin/payouts/\d+)"', page)) - {place}  # the notice that it was changed leads to itself
    assert counts[0] == counts[2] <= 13 and len(others) == 3


def asked_before(user, number):
    with transaction():
        withdrawals.cancel(asked(user, 20, key=f"before {number}", digits=f"{number}a"))


def test_one_on_hold_says_why_to_its_member_and_more_to_admins(browser, waiting, ana, log_in, member):
    typed = {"hold-reason": "We look at an address.", "hold-note": "Same address as Bruno's."}
    assert browser.post(f"{DESK}/{waiting.id}/hold", data=typed).status_code == 303
    case, queue = browser.get(f"{DESK}/{waiting.id}").text, browser.get(DESK).text
    assert "We look at an address." in case and "Same address as Bruno&#39;s." in case and f"{DESK}/{waiting.id}/approval" not in case and "on hold" in queue
    refused = browser.post(f"{DESK}/{waiting.id}/approval")
    assert refused.status_code == 409 and waiting.state == "in review"
    mine = log_in(ana)
    page = mine.get(f"/wallet/withdrawals/{waiting.id}").text
    assert "It is on hold while one of us looks closer. The reason: We look at an address." in page and "Bruno" not in page
    assert "Your withdrawal is on hold" in mine.get("/notices").text and "Bruno" not in mine.get("/notices").text
    assert [(row.action, row.details["reason"]) for row in db.session.query(LogEntry)] == [("withdrawal held", "We look at an address.")]


def test_one_that_is_let_go_on_may_be_approved(browser, waiting):
    browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": "Wait."})
    assert browser.post(f"{DESK}/{waiting.id}/resumption").status_code == 303
    assert browser.post(f"{DESK}/{waiting.id}/resumption").status_code == 303
    assert approve(browser, waiting).status_code == 303 and waiting.state == "approved"
    assert [row.action for row in db.session.query(LogEntry).order_by(LogEntry.number)] == ["withdrawal held", "withdrawal let go on", "withdrawal approved"]


def test_one_held_again_tells_its_member_anew(browser, waiting, ana):
    for reason in ("First.", "Second."):
        browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": reason})
        clock.advance(timedelta(minutes=1))
    assert [notice.facts["why"] for notice in db.session.query(Notice).filter_by(user_id=ana.id, kind="withdrawal held").order_by(Notice.id)] == ["First.", "Second."]
    assert waiting.hold_reason == "Second."


def test_a_hold_sent_twice_tells_its_member_once(browser, waiting, ana):
    for _ in range(2):
        assert browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": "Wait.", "hold-note": "Asked the bank."}).status_code == 303
        clock.advance(timedelta(minutes=1))
    assert db.session.query(Notice).filter_by(user_id=ana.id, kind="withdrawal held").count() == 1
    assert db.session.query(LogEntry).filter_by(action="withdrawal held").count() == 1


def test_what_is_said_of_a_hold_is_there_to_be_changed(browser, waiting):
    browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": "We look at an address.", "hold-note": "Asked the bank."})
    boxes = re.findall(r"<textarea[^>]*name=\"(hold-[a-z]+)\"[^>]*>([^<]*)</textarea>", browser.get(f"{DESK}/{waiting.id}").text)
    assert {name: words.strip() for name, words in boxes} == {"hold-reason": "We look at an address.", "hold-note": "Asked the bank."}


@pytest.mark.parametrize("typed", [{"hold-reason": ""}, {"hold-reason": "y" * 501}, {"hold-reason": "Wait.", "hold-note": "n" * 2001}])
def test_a_hold_that_lacks_something_keeps_what_was_typed(typed, browser, waiting):
    answer = browser.post(f"{DESK}/{waiting.id}/hold", data=typed)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and all(words in answer.text for words in typed.values())
    assert not waiting.is_held


@pytest.mark.parametrize("way", ["cancelled", "rejected"])
def test_one_on_hold_may_be_cancelled_or_rejected(way, browser, waiting, ana):
    browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": "Wait."})
    if way == "rejected":
        browser.post(f"{DESK}/{waiting.id}/rejection", data={"reject-reason": "No."})
    else:
        with transaction():
            withdrawals.cancel(waiting)
    assert (waiting.state, wallet.balance(ana.id).available) == (way, teo(300))
    page = browser.get(f"{DESK}/{waiting.id}").text
    assert "nothing to decide" in page and "On hold since" not in page
    assert browser.post(f"{DESK}/{waiting.id}/hold", data={"hold-reason": "Wait."}).status_code == 409


def test_what_is_not_there_is_not_found(browser):
    assert browser.post(f"{DESK}/7/approval").status_code == 404
