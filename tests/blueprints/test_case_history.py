"""What was decided about a withdrawal so far stands on its case: also what was taken back, and nothing of what is kept from its reader."""

import re
from html import unescape

import pytest

from lms import live
from lms.db import db, transaction
from lms.domain.desk import approvals, history
from lms.domain.withdrawals import actions
from tests.conftest import teo
from tests.desk import waiting_case


@pytest.fixture
def otto(member):
    return member("otto", role="admin")


@pytest.fixture
def waiting(ana):
    return waiting_case(ana, approvals=2)


def act(verb, *values):
    with transaction():
        verb(*values)


def steps(page):
    """[(title, what is said below)] of the card, without moments."""
    card = re.search(r'<ul class="rows" aria-label="Decided so far">.*?</ul>', page, re.DOTALL)
    rows = re.findall(r'<div class="title">(.*?)</div>\s*<div class="why">(.*?)</div>', card[0], re.DOTALL) if card else []
    return [(title, re.sub(r" · <time.*?</time>", "", unescape(why))) for title, why in rows]


def test_one_approval_that_is_enough_is_one(waiting, ada, otto, log_in):
    with transaction():
        waiting.approvals_needed = 1
    act(actions.approve, waiting, otto)
    assert steps(log_in(ada).get(f"/admin/payouts/{waiting.id}").text) == [("Withdrawal approved", "Otto · 1 of 1 approval")]


def test_a_hold_that_was_ended_is_known_to_the_next_admin_with_its_reason_and_its_note(waiting, ada, otto, log_in):
    case = f"/admin/payouts/{waiting.id}"
    assert steps(log_in(otto).get(case).text) == []
    act(actions.hold, waiting, ada, "We ask.", "Is it <she>?")
    act(actions.hold, waiting, ada, "We ask again.")
    act(actions.let_go_on, waiting, ada)
    act(actions.approve, waiting, otto)
    act(actions.reject, waiting, ada, "No.")
    assert steps(log_in(otto).get(case).text) == [
        ("Withdrawal on hold", "Ada · its member reads: We ask. · for admins alone: Is it <she>?"),
        ("Withdrawal on hold", "Ada · its member reads: We ask again."),
        ("Withdrawal let go on", "Ada"),
        ("Withdrawal approved", "Otto · 1 of 2 approvals"),
        ("Withdrawal rejected", "Ada · its member reads: No."),
    ]


def test_an_approval_that_was_voided_stands_there_with_whose_it_was(waiting, ada, otto, log_in):
    act(actions.approve, waiting, otto)
    act(approvals.void, otto, ada)
    assert steps(log_in(ada).get(f"/admin/payouts/{waiting.id}").text) == [("Withdrawal approved", "Otto · 1 of 2 approvals"), ("Approvals of an admin count no more", "Ada · those of Otto")]


def test_an_approval_of_what_it_is_no_more_says_what_it_was_of(waiting, ada, log_in):
    before = waiting.to
    act(actions.approve, waiting, ada)
    with transaction():
        waiting.to = "0x" + "12" * 20
    assert steps(log_in(ada).get(f"/admin/payouts/{waiting.id}").text) == [("Withdrawal approved", f"Ada · for 20.00 TEO to {before} · 1 of 2 approvals")]


def test_its_member_reads_no_note_should_he_be_an_admin(waiting, ana, ada, log_in):
    act(actions.hold, waiting, ada, "We ask.", "Is it she?")
    with transaction():
        ana.role = "admin"
    page = log_in(ana).get(f"/admin/payouts/{waiting.id}").text
    pushed = live.shown(ana.id, [f"case:{waiting.id}"])[f"case:{waiting.id}"]
    assert "Is it she?" not in page + pushed
    assert steps(page) == steps(pushed) == [("Withdrawal on hold", "Ada · its member reads: We ask.")]


def test_what_is_pushed_to_an_open_case_holds_it_too(waiting, ada, otto):
    act(actions.hold, waiting, ada, "We ask.", "Is it she?")
    pushed = live.shown(otto.id, [f"case:{waiting.id}"])[f"case:{waiting.id}"]
    assert steps(pushed) == [("Withdrawal on hold", "Ada · its member reads: We ask. · for admins alone: Is it she?")]


def test_that_of_another_case_is_not_there_and_it_takes_one_statement(waiting, ana, ada, otto, statements):
    with transaction():
        other = actions.request("k2", ana, waiting.linked_wallet_id, teo(20))
        other.state, other.approvals_needed = "in review", 2
    act(actions.hold, other, ada, "We ask.")
    act(actions.approve, waiting, otto)
    act(approvals.void, otto, ada)
    for day in range(5):
        act(actions.hold, waiting, ada, f"Wait {day} days.")
    db.session.expire_all()
    db.session.refresh(waiting)
    with statements() as seen:
        found = history.of(waiting)
    assert len(seen) == 1 and [step.entry.action for step in found] == ["withdrawal approved", "approvals voided", *["withdrawal held"] * 5]
    assert [step.entry.action for step in history.of(other)] == ["withdrawal held"]


def test_what_an_open_case_compares_changes_with_each_decision_and_with_nothing_else(waiting, ada, otto, log_in):
    """By it desk.js knows that what stands under "Decision" is of before."""

    def standing():
        db.session.expire_all()
        marks = [re.search(r'data-standing="([^"]*)"', html)[1] for html in (log_in(otto).get(f"/admin/payouts/{waiting.id}").text, live.shown(otto.id, [f"case:{waiting.id}"])[f"case:{waiting.id}"])]
        assert marks[0] == marks[1], "as it is pushed it is as on the page"
        return marks[0]

    before, seen = standing(), []
    for verb, *values in ((actions.hold, "We ask."), (actions.hold, "We still ask."), (actions.let_go_on,), (actions.approve,), (actions.reject, "No.")):
        act(verb, waiting, ada, *values)
        seen.append(standing())
    assert seen[2] == before and len({before, *seen}) == 5 and standing() == seen[-1]
    assert [mark.startswith("in review") for mark in seen] == [True] * 4 + [False]


def test_only_who_may_decide_is_told_that_somebody_did(waiting, ana, ada, log_in):
    case = f"/admin/payouts/{waiting.id}?order=amount"
    assert re.search(r'<div data-changed hidden>.*?<a href="([^"]*)">Load it again</a>', log_in(ada).get(case).text, re.DOTALL)[1] == case
    with transaction():
        ana.role = "admin"
    assert "data-changed" not in log_in(ana).get(case).text
    act(actions.reject, waiting, ada, "No.")
    assert "data-changed" not in log_in(ada).get(case).text
