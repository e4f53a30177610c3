"""What waits for the admins is told to them, gathered, and to nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.desk import admin_notices
from lms.domain.governance import drafts
from lms.domain.notices.models import Notice
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payouts
from lms.jobs import desk
from tests.conftest import address_of, give, teo
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import earn

DESK = ("case waits", "payout waits", "second word wanted", "draft proposed", "incident opened")


@pytest.fixture
def olga(member):
    return member("olga", role="admin")


@pytest.fixture(autouse=True)
def on_the_hour(app):
    """So that a minute more is not another hour."""
    now = clock.now()
    clock.advance(timedelta(hours=1) - timedelta(minutes=now.minute, seconds=now.second))


def case(user, amount=300, key="w1"):
    """A withdrawal of his that is in review."""
    give(user, amount)
    with transaction():
        withdrawal = withdrawals.request(f"{key} {user.id}", user, address_of(user, f"{user.id:02x}").id, teo(amount))
        withdrawals.check(withdrawal)
    assert withdrawal.state == "in review"
    return withdrawal


def payout(teacher, cents=1000):
    earn(teacher, cents)
    with transaction():
        bank_of(teacher)
    with transaction():
        return payouts.request("p1", teacher, cents)


def told(user):
    """[(kind, facts)] of what he was told as an admin, oldest first."""
    db.session.expire_all()
    return [(notice.kind, notice.facts) for notice in db.session.scalars(select(Notice).where(Notice.user_id == user.id, Notice.kind.in_(DESK)).order_by(Notice.id))]


def counts(count, late=0):
    return {"count": count, "late": late, "days": 3}


def test_however_many_cases_come_in_an_hour_an_admin_is_told_once(ana, bruno, ada):
    case(ana)
    desk.tell_admins()
    case(bruno)
    desk.tell_admins()
    assert told(ada) == [("case waits", counts(1))]
    clock.advance(timedelta(hours=1))
    desk.tell_admins()
    assert told(ada)[1:] == [("case waits", counts(2))], "what came after the first was told waits for the next hour"


def test_what_waits_on_is_not_told_again_until_it_is_late(ana, ada):
    case(ana)
    desk.tell_admins()
    clock.advance(timedelta(days=2))
    desk.tell_admins()
    assert len(told(ada)) == 1
    clock.advance(timedelta(days=1))
    desk.tell_admins()
    clock.advance(timedelta(days=1))
    desk.tell_admins()
    assert told(ada)[1:] == [("case waits", counts(1, late=1))]


def test_one_that_was_checked_long_after_it_was_asked_for_is_new_as_it_begins(ana, bruno, ada):
    give(bruno, 300)
    with transaction():
        slow = withdrawals.request("slow", bruno, address_of(bruno, "cd").id, teo(300))
    case(ana)
    desk.tell_admins()
    clock.advance(timedelta(hours=2))
    with transaction():
        withdrawals.check(slow)
    desk.tell_admins()
    assert told(ada) == [("case waits", counts(1)), ("case waits", counts(2))]


def test_payouts_are_told_by_themselves(tea, ada):
    payout(tea)
    desk.tell_admins()
    assert told(ada) == [("payout waits", counts(1))]


def test_nobody_is_told_of_his_own_case(ada, olga, ana):
    case(ada)
    desk.tell_admins()
    assert (told(ada), told(olga)) == ([], [("case waits", counts(1))])
    case(ana)
    desk.tell_admins()
    assert told(ada) == [("case waits", counts(1))], "his own is not counted either"


def test_who_is_no_admin_or_suspended_is_told_nothing(ana, tea, ada, olga):
    with transaction():
        olga.suspended_at = clock.now()
        audit.open_incident("foreign mint", "0x1")
    approved = case(tea_with_bank(tea), 1500)
    desk.tell_admins()
    with transaction():
        withdrawals.approve(approved, ada)
        propose(ada)
    assert {kind for kind, _ in told(ada)} == {"case waits", "incident opened"}
    assert told(ana) == told(tea) == told(olga) == []


def tea_with_bank(tea):
    with transaction():
        bank_of(tea)
    return tea


def propose(author):
    draft = drafts.begin(author)
    drafts.change(draft, author, Rules(completion_bp=300), 14)
    drafts.propose(draft, author)
    return draft


def test_the_first_word_for_a_large_withdrawal_asks_the_others_for_the_second(ana, ada, olga, member):
    anna, large = member("anna", role="admin"), case(ana, 1500)
    with transaction():
        withdrawals.approve(large, ada)
    wanted = [("second word wanted", {"withdrawal": large.id, "case": large.id})]
    assert (told(ada), told(olga), told(anna)) == ([], wanted, wanted)
    with transaction():
        withdrawals.approve(large, olga)
    assert told(anna) == wanted and told(ada) == []


def test_the_first_word_for_a_large_payout_too_and_never_its_own_member(tea, ada, olga, member):
    large = payout(tea, 150_000)
    anna = member("anna", role="admin")
    tea.role = "admin"
    with transaction():
        payouts.approve(large, ada)
    wanted = [("second word wanted", {"payout": large.id, "case": large.id})]
    assert (told(tea), told(ada), told(olga), told(anna)) == ([], [], wanted, wanted)


def test_one_word_that_is_enough_asks_nobody(ana, ada, olga):
    small = case(ana)
    with transaction():
        withdrawals.approve(small, ada)
    assert told(olga) == []


def test_a_proposal_is_told_to_the_other_admins_once_for_what_it_says(ada, olga):
    with transaction():
        draft = propose(ada)
    with transaction():
        drafts.propose(draft, ada)
    assert (told(ada), told(olga)) == ([], [("draft proposed", {"draft": draft.id})])
    with transaction():
        drafts.change(draft, ada, Rules(completion_bp=200), 14)
        drafts.propose(draft, ada)
    assert len(told(olga)) == 2


def test_an_incident_is_told_once_for_its_kind_and_hour(ada):
    for subject in ("0x1", "0x2"):
        with transaction():
            audit.open_incident("foreign mint", subject)
        desk.tell_admins()
    assert told(ada) == [("incident opened", {"incident": "foreign mint", "count": 1})]
    clock.advance(timedelta(hours=1))
    desk.tell_admins()
    assert len(told(ada)) == 1, "nothing is new"
    with transaction():
        audit.open_incident("foreign mint", "0x3")
        audit.open_incident("lane halted", "0x4")
    desk.tell_admins()
    assert told(ada)[1:] == [("incident opened", {"incident": "foreign mint", "count": 3}), ("incident opened", {"incident": "lane halted", "count": 1})]


def test_an_incident_of_long_ago_is_no_news(ada):
    with transaction():
        audit.open_incident("foreign mint", "0x1")
    clock.advance(admin_notices.RECENT)
    desk.tell_admins()
    assert told(ada) == []


def test_telling_takes_as_many_statements_for_many_as_for_one(member, tea, ada, statements):
    def tell():
        with statements() as seen:
            desk.tell_admins()
        return len(seen)

    payout(tea)
    with transaction():
        audit.open_incident("foreign mint", "0x1")
    case(member("cleo"))
    few = tell()
    for name in ("dora", "emil", "finn"):
        case(member(name))
    for name in ("olga", "anna"):
        case(member(name, role="admin"))
    with transaction():
        audit.open_incident("lane halted", "0x2")
    clock.advance(timedelta(hours=1))
    assert tell() <= few and len(told(ada)) > 3
