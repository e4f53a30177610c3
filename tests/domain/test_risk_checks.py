"""A withdrawal that was let go, looked at once more before it goes out."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.desk import admin_notices, risk_checks
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.withdrawals import actions, releases
from lms.jobs import withdrawals as jobs
from tests.conftest import address_of, give, teo
from tests.desk import share_a_browser

HOUR = timedelta(hours=1)


@pytest.fixture
def asked(ana):
    """asked(50) makes Ana, a member of long standing, ask for so many TEO, checked by the job."""
    give(ana, 5000)
    own = address_of(ana)
    with transaction():
        ana.created_at = own.linked_at = clock.now() - timedelta(days=100)

    def ask(amount):
        with transaction():
            withdrawal = actions.request(f"wish {amount}", ana, own.id, teo(amount))
        jobs.check()
        db.session.refresh(withdrawal)
        return withdrawal

    return ask


def approve(withdrawal, *admins):
    with transaction():
        for admin in admins:
            actions.approve(withdrawal, admin)
    return withdrawal


def goes(withdrawal):
    with transaction():
        return risk_checks.lets_go(withdrawal)


def told(user):
    return [notice.kind.removeprefix("withdrawal ") for notice in db.session.query(Notice).filter_by(user_id=user.id).order_by(Notice.id)]


def test_of_which_nothing_came_up_goes(asked):
    withdrawal = asked(50)
    clock.advance(HOUR)
    assert (goes(withdrawal), withdrawal.state) == (True, "approved")


@pytest.mark.parametrize(("passed", "is_let_go"), [(HOUR - timedelta(seconds=30), True), (HOUR, False)])
def test_one_that_nobody_had_to_look_at_comes_before_an_admin_if_a_sign_came_up_since(asked, ana, bruno, passed, is_let_go):
    withdrawal = asked(50)
    clock.advance(passed)
    share_a_browser(ana, bruno)
    assert goes(withdrawal) == is_let_go
    assert (withdrawal.state, withdrawal.approvals_needed, withdrawal.risk, withdrawal.decided_at is None) == (("approved", 0, 0, False) if is_let_go else ("in review", 1, 40, True))
    assert books.member(ana.id, "TEO", "reserved").balance == teo(50)


def test_the_words_that_were_given_before_do_not_count_any_more(asked, ana, bruno, ada, member):
    otto, withdrawal = member("otto", role="admin"), asked(1900)
    approve(withdrawal, ada, otto)
    clock.advance(HOUR)
    share_a_browser(ana, bruno)
    assert not goes(withdrawal)
    assert (withdrawal.state, withdrawal.approvals, withdrawal.approvals_needed) == ("in review", [], 2)
    approve(withdrawal, ada)
    assert withdrawal.state == "in review"
    approve(withdrawal, otto)
    clock.advance(HOUR)
    assert withdrawal.state == "approved" and goes(withdrawal), "both have read the sign"


def test_a_sign_that_grew_brings_it_back_too(asked, ana, bruno, ada, member):
    share_a_browser(ana, bruno)
    withdrawal = approve(asked(50), ada)
    clock.advance(HOUR)
    assert goes(withdrawal)
    share_a_browser(member("cleo"))
    assert not goes(withdrawal)


def test_its_member_is_told_each_time_that_one_of_us_looks_and_nothing_of_why(asked, ana, bruno, ada):
    withdrawal = approve(asked(300), ada)
    with transaction():
        db.session.query(Notice).update({"delivered_at": clock.now(), "read_at": clock.now()})
    clock.advance(HOUR)
    share_a_browser(ana, bruno)
    goes(withdrawal)
    approve(withdrawal, ada)
    assert told(ana) == ["requested", "in review", "approved", "in review", "approved"]
    first, again = db.session.query(Notice).filter_by(user_id=ana.id, kind="withdrawal in review").order_by(Notice.id)
    assert (again.subject, again.facts, again.read_at, again.delivered_at) == (f"withdrawal:{withdrawal.id}", first.facts, None, None)


def test_admins_are_told_that_it_waits_and_the_log_keeps_that_it_came_back(asked, ana, bruno, ada):
    withdrawal = approve(asked(300), ada)
    clock.advance(HOUR)
    with transaction():
        admin_notices.tell_of_cases()
    assert told(ada) == []
    share_a_browser(ana, bruno)
    goes(withdrawal)
    with transaction():
        admin_notices.tell_of_cases()
    assert told(ada) == ["case waits"]
    row = db.session.query(LogEntry).order_by(LogEntry.number.desc()).first()
    assert (row.action, row.subject, row.by_id, row.details) == ("withdrawal back in review", f"withdrawal {withdrawal.id}", None, {"member": ana.id, "amount": teo(300), "to": withdrawal.to})


def test_an_operators_needs_no_look(asked, ana, bruno):
    with transaction():
        withdrawal = releases.release("by hand", ana, "0x" + "cd" * 20, teo(20))
    clock.advance(HOUR)
    share_a_browser(ana, bruno)
    assert (goes(withdrawal), withdrawal.state) == (True, "approved")


def test_what_was_cancelled_meanwhile_stays_so(asked, ana, bruno):
    withdrawal = asked(50)
    clock.advance(HOUR)
    share_a_browser(ana, bruno)
    with transaction():
        ana.frozen_at = clock.now()
        actions.cancel(withdrawal)
    goes(withdrawal)
    assert (withdrawal.state, withdrawal.risks) == ("cancelled", [])


@pytest.mark.parametrize("others", [1, 20])
def test_a_look_takes_as_many_statements_however_many_are_named(asked, ana, member, statements, others):
    withdrawal = asked(50)
    clock.advance(HOUR)
    with statements() as clean:
        goes(withdrawal)
    share_a_browser(ana, *(member(f"one{number}") for number in range(others)))
    db.session.expire_all()
    with statements() as found:
        goes(withdrawal)
    assert withdrawal.state == "in review" and len(clean) <= 6 and len(found) <= 18
