"""Whoever takes an admin's role or account from him takes back his word, too: a thief may have given it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import update

import lms
from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings, membership
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.desk import decisions
from lms.domain.governance import admins, drafts
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import actions, bank_files, halt, payouts
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError, Forbidden
from tests.conftest import address_of, give, teo
from tests.desk import share_a_browser
from tests.domain.test_bank_files import PAYER
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import earn, request
from tests.races import race

LOSSES = {"account": lambda user, by: admins.suspend(user, by, "Stolen?"), "role": lambda user, by: admins.set_role(user, "teacher", by)}


@pytest.fixture
def otto(member):
    return member("otto", role="admin")


@pytest.fixture
def approved(ana, otto):
    """A withdrawal that needs two approvals and has one, of Otto's."""
    give(ana, 1900)
    own = address_of(ana)
    with transaction():
        withdrawal = actions.request("w", ana, own.id, teo(1900))
        actions.check(withdrawal)
        actions.approve(withdrawal, otto)
    return withdrawal


def give_back(otto, ada):
    with transaction():
        membership.let_in(otto, ada)
        membership.set_role(otto, "admin", ada)
    db.session.expire_all()


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_what_he_approved_is_no_word_of_who_has_it_back(loss, approved, otto, ada):
    with transaction():
        loss(otto, ada)
    give_back(otto, ada)
    assert otto.may_decide and approved.standing == []


def test_what_changes_nothing_of_what_he_may_decide_takes_nothing_back(approved, otto, ada):
    give_back(otto, ada)
    assert [approval.admin_id for approval in approved.standing] == [otto.id]
    assert db.session.query(LogEntry).filter_by(action="approvals voided").count() == 0


def test_what_takes_a_role_or_an_account_of_whoever_may_be_an_admin_takes_back_his_word():
    """An applicant is none: who applies to teach is a student."""
    package = Path(lms.__file__).parent
    callers = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if re.search(r"membership\.(set_role|suspend)\(", path.read_text())}
    assert callers == {"domain/governance/admins.py", "domain/applications/actions.py"}


def test_a_role_given_twice_is_changed_once(bruno, ada):
    with transaction():
        for _ in range(2):
            admins.set_role(bruno, "teacher", ada)
    assert [row.details for row in db.session.query(LogEntry).filter_by(action="role changed")] == [{"before": "student", "after": "teacher"}]


def test_two_accounts_of_one_browser_are_not_two_admins(approved, otto, ada, tea):
    """Who makes himself a second admin would give both words."""
    earn(tea, 150_000)
    with transaction():
        bank_of(tea)
    payout = request(tea, 150_000)
    with transaction():
        draft = drafts.begin(otto)
        drafts.change(draft, otto, Rules(completion_bp=300), 14)
        drafts.propose(draft, otto)
        payouts.approve(payout, otto)
    share_a_browser(otto, ada)
    for decide in (lambda: actions.approve(approved, ada), lambda: payouts.approve(payout, ada), lambda: drafts.publish(draft, ada, draft.digest)):
        with pytest.raises(Forbidden, match="may be one"), transaction():
            decide()
    assert (approved.state, payout.state, draft.state) == ("in review", "in review", "proposed")


def test_two_admins_with_browsers_of_their_own_are_two(approved, otto, ada):
    with transaction():
        for who in (otto, ada):
            device_sightings.see(who, f"the browser of {who.name}", "192.0.2.1")
        actions.approve(approved, ada)
    assert approved.state == "approved"


def take_from(otto, **facts):
    """What another admin did meanwhile, which who read Otto before does not know."""
    with db.engine.begin() as connection:
        connection.execute(update(User).where(User.id == otto.id).values(facts))


FACTS = {"role": {"role": "student"}, "account": {"suspended_at": clock.now()}}


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
@pytest.mark.parametrize(
    "decide",
    [
        lambda waiting, payout, otto: actions.approve(waiting, otto),
        lambda waiting, payout, otto: actions.reject(waiting, otto, "No."),
        lambda waiting, payout, otto: actions.hold(waiting, otto, "Wait."),
        lambda waiting, payout, otto: payouts.approve(payout, otto),
        lambda waiting, payout, otto: payouts.reject(payout, otto, "No."),
        lambda waiting, payout, otto: bank_files.export("f", otto, PAYER),
        lambda waiting, payout, otto: halt.stop("Wait.", otto),
        lambda waiting, payout, otto: halt.go_on(otto),
        lambda waiting, payout, otto: membership.let_in(waiting.user, otto),
    ],
    ids=["approve", "reject", "hold", "approve euros", "reject euros", "export", "stop", "go on", "let in"],
)
def test_who_lost_it_while_he_decided_decides_nothing(facts, decide, ana, tea, otto):
    give(ana, 300), earn(tea, 1000)
    own = address_of(ana)
    with transaction():
        bank_of(tea)
    payout = request(tea, 1000)
    with transaction():
        waiting = actions.request("w", ana, own.id, teo(300))
        actions.check(waiting)
    assert waiting.user.is_active and otto.may_decide
    take_from(otto, **facts)
    with pytest.raises(DomainError, match=r"[Oo]nly (another admin|an admin|admins)"), transaction():
        decide(waiting, payout, otto)
    assert (waiting.state, payout.state, halt.is_stopped()) == ("in review", "in review", False)


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_who_lost_it_before_is_not_told_that_he_came_too_late(facts, ana, otto):
    give(ana, 300)
    own = address_of(ana)
    with transaction():
        waiting = actions.request("w", ana, own.id, teo(300))
        actions.check(waiting)
    take_from(otto, **facts)
    db.session.refresh(otto)
    with pytest.raises(DomainError, match="Only another admin"), transaction():
        decisions.approve(waiting, otto, waiting.digest)


@pytest.mark.parametrize("number", range(3))
def test_who_is_suspended_while_he_approves_has_let_nothing_go(number, app, ana, otto, ada):
    """Whichever comes first: his word is refused, or taken back."""
    give(ana, 300)
    own = address_of(ana)
    with transaction():
        withdrawal = actions.request("w", ana, own.id, teo(300))
        actions.check(withdrawal)
    ids, withdrawal_id = (otto.id, ada.id), withdrawal.id

    def admin(place):
        return db.session.get_one(User, ids[place])

    def approve():
        found = db.session.get_one(Withdrawal, withdrawal_id)
        decisions.approve(found, admin(0), found.digest)

    refusals = race(app, [approve, lambda: admins.suspend(admin(0), admin(1), "Stolen?")])
    assert len(refusals) <= 1 and all("Only another admin" in str(refusal) for refusal in refusals)
    assert (withdrawal.state, withdrawal.standing, otto.may_decide) == ("in review", [], False)
