"""The kill switch as admins throw it and as everybody sees it."""

import threading
from contextlib import contextmanager

import pytest

from lms import live
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.withdrawals import actions, halt, payouts
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError, Forbidden
from tests.conftest import address_of, give, teo
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import earn, request
from tests.races import PATIENCE, race, until_it_waits

PLACE = "/admin/payouts"
WHY = "A key may be <lost>."
BANNER = "All payouts are stopped for now: A key may be &lt;lost&gt;."


@pytest.fixture
def stopped(ada):
    with transaction():
        halt.stop(WHY, ada)


@pytest.fixture
def waiting(ana):
    give(ana, 50)
    own = address_of(ana)
    with transaction():
        withdrawal = actions.request("k", ana, own.id, teo(20))
        withdrawal.state, withdrawal.approvals_needed = "in review", 1
    return withdrawal


def test_an_admin_stops_all_payouts_with_a_reason_and_lets_them_go_on(log_in, ada):
    browser = log_in(ada)
    assert browser.post(f"{PLACE}/stop", data={"halt-reason": WHY}).status_code == 303
    page = browser.get(PLACE).text
    assert BANNER in page and "Let payouts go on" in page and f"{PLACE}/stop" not in page
    assert browser.post(f"{PLACE}/start").status_code == 303
    page = browser.get(PLACE).text
    assert BANNER not in page and f"{PLACE}/stop" in page
    assert [(row.action, row.subject, row.by_id, row.details) for row in db.session.query(LogEntry).order_by(LogEntry.number)] == [
        ("part stopped", "part payouts", ada.id, {"reason": WHY}),
        ("part started", "part payouts", ada.id, {}),
    ]


@pytest.mark.parametrize(("typed", "said"), [("", "Say why: all members read it."), ("x" * 201, "A reason has 1 to 200 characters.")])
def test_without_a_reason_nothing_stops_and_nothing_typed_is_lost(typed, said, log_in, ada):
    answer = log_in(ada).post(f"{PLACE}/stop", data={"halt-reason": typed})
    assert answer.status_code == 422 and said in answer.text and f'value="{typed}"' in answer.text and not halt.is_stopped()


@pytest.mark.parametrize("path", ["/", "/wallet", "/courses", "/notices", "/account"])
def test_every_member_sees_it_on_every_page(path, stopped, log_in, ana, client):
    assert BANNER not in client.get("/courses").text
    assert BANNER in log_in(ana).get(path).text


def test_it_takes_no_statement_more(log_in, ana, ada, statements):
    browser, counts = log_in(ana), []
    for is_on in (False, True):
        if is_on:
            with transaction():
                halt.stop(WHY, ada)
        with statements() as seen:
            browser.get("/wallet")
            browser.get("/notices")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_an_open_page_is_sent_it(stopped, app, ana):
    assert BANNER in live.shown(ana.id, ["halt"])["halt"]


WAITS = {"checking": "It waits while all payouts are stopped.", "approved": "It waits while all payouts are stopped, and goes out when they go on."}
GOES = {"checking": "We look at it, which takes a few seconds.", "approved": "It goes out as soon as all of it is on the chain."}


@pytest.mark.parametrize("state", [*WAITS])
def test_the_page_of_one_that_waits_for_it_says_so_and_nothing_of_a_few_seconds(state, waiting, ana, ada, log_in):
    with transaction():
        waiting.state = state
    shown = []
    for is_on in (False, True):
        if is_on:
            with transaction():
                halt.stop(WHY, ada)
        page = log_in(ana).get(f"/wallet/withdrawals/{waiting.id}").text
        pushed = live.shown(ana.id, [f"withdrawal:{waiting.id}"])[f"withdrawal:{waiting.id}"]
        shown.append([(WAITS[state] in html, GOES[state] in html) for html in (page, pushed)])
    assert shown == [[(False, True)] * 2, [(True, False)] * 2]


def test_one_that_an_admin_looks_at_says_so_meanwhile_too(stopped, waiting, ana, log_in):
    with transaction():
        waiting.flags = ["amount"]
    assert "One of us looks at it before it goes" in log_in(ana).get(f"/wallet/withdrawals/{waiting.id}").text


def test_nothing_is_approved_meanwhile_and_what_is_rejected_goes_back(stopped, waiting, ada):
    with pytest.raises(DomainError, match="All payouts are stopped"), transaction():
        actions.approve(waiting, ada)
    with transaction():
        actions.reject(waiting, ada, "Not now.")
    assert db.session.query(Withdrawal).one().state == "rejected"


@pytest.mark.parametrize(("amount", "state"), [(20, "checking"), (300, "in review")])
def test_what_is_asked_for_meanwhile_waits_or_is_put_before_an_admin(amount, state, stopped, ana, ada):
    give(ana, 500)
    own = address_of(ana)
    with transaction():
        withdrawal = actions.request("k", ana, own.id, teo(amount))
        actions.check(withdrawal)
    assert (withdrawal.state, withdrawal.was_approved) == (state, False)
    with transaction():
        halt.go_on(ada)
        actions.check(withdrawal)
    assert withdrawal.state == ("approved" if state == "checking" else state)


def test_no_euros_are_approved_or_paid_meanwhile(tea, ada):
    with transaction():
        bank_of(tea)
    earn(tea, 50_000)
    first, second = request(tea, 10_000), request(tea, 10_000, key="k2")
    with transaction():
        payouts.approve(first, ada)
        halt.stop(WHY, ada)
    for verb, arguments in ((payouts.approve, (second, ada)), (payouts.mark_paid, (first, ada, "B1"))):
        with pytest.raises(DomainError, match="All payouts are stopped"), transaction():
            verb(*arguments)
    assert (first.state, second.state) == ("approved", "in review")


@pytest.fixture
def deciding(app):
    """deciding() is a context in which somebody else approves a payout, and has not come to the end of it."""

    @contextmanager
    def somebody():
        begun, end = threading.Event(), threading.Event()

        def decide():
            halt.check()
            begun.set()
            end.wait(PATIENCE)

        other = threading.Thread(target=race, args=(app, [decide]))
        other.start()
        begun.wait(PATIENCE)
        yield
        end.set()
        other.join()

    return somebody


def test_it_is_thrown_at_once_and_says_so_when_something_is_still_being_decided(deciding, log_in, ada, app, monkeypatch):
    monkeypatch.setattr(halt, "PATIENCE", 0.1)
    browser, told = log_in(ada), "One was being signed or decided at that moment, and may still go out."
    with deciding():
        browser.post(f"{PLACE}/stop", data={"halt-reason": WHY})
        assert told in browser.get(PLACE).text and halt.is_stopped()
        assert len(race(app, [halt.check])) == 1
    browser.post(f"{PLACE}/start")
    browser.post(f"{PLACE}/stop", data={"halt-reason": WHY})
    page = browser.get(PLACE).text
    assert "All payouts are stopped." in page and told not in page


def test_who_throws_it_waits_a_moment_for_what_is_being_decided_and_those_who_decide_do_not_wait_for_each_other(deciding, app):
    quiet = []
    with deciding():
        assert race(app, [halt.check]) == []
        other = threading.Thread(target=race, args=(app, [lambda: quiet.append(halt.are_others_over())]))
        other.start()
        until_it_waits(other)
        assert other.is_alive()
    other.join()
    assert quiet == [True]


def test_only_admins_throw_it(tea, ana, log_in):
    for user in (tea, ana):
        with pytest.raises(Forbidden), transaction():
            halt.stop(WHY, user)
        assert log_in(user).post(f"{PLACE}/stop", data={"halt-reason": WHY}).status_code == 403
    assert not halt.is_stopped()
