"""Four eyes are those of two admins who were both there before: nobody makes himself the second."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.desk import batches, cases
from lms.domain.governance import admins, drafts
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import actions, bank_file_queries, payouts
from lms.domain.withdrawals.payout_models import PayoutDecision
from lms.errors import DomainError
from lms.ui.notices import said
from tests.conftest import address_of, give, teo
from tests.domain.test_payout_details import bank_of


def act(verb, *values):
    with transaction():
        return verb(*values)


@pytest.fixture
def otto(member):
    return member("otto", role="admin")


@pytest.fixture
def withdrawal(ana):
    """Of so much that two admins must approve it."""
    give(ana, 1900)
    own = address_of(ana)
    with transaction():
        asked = actions.request("w", ana, own.id, teo(1900))
        actions.check(asked)
    clock.advance(timedelta(minutes=1))
    return asked


@pytest.fixture
def payout(tea):
    """Of so much that two admins must approve it."""
    with transaction():
        bank_of(tea)
        ledger.post("earned", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 200_000, "matured", evidence={"by": "test"})
        asked = payouts.request("p", tea, 150_000)
    clock.advance(timedelta(minutes=1))
    return asked


def made_admin(user, by):
    act(admins.set_role, user, "admin", by)
    return user


def test_an_admin_does_not_make_himself_the_second_who_approves_a_withdrawal(withdrawal, ada, bruno):
    act(actions.approve, withdrawal, ada)
    made_admin(bruno, ada)
    with pytest.raises(DomainError, match="made an admin after this was asked for"):
        act(actions.approve, withdrawal, bruno)
    assert withdrawal.state == "in review" and [approval.admin_id for approval in withdrawal.standing] == [ada.id]
    act(actions.reject, withdrawal, bruno, "No.")
    assert withdrawal.state == "rejected"


def test_nor_the_first_and_only_one_for_what_he_asked_for_himself(withdrawal, ana, bruno):
    with transaction():
        ana.role, withdrawal.approvals_needed = "admin", 1
    made_admin(bruno, ana)
    with pytest.raises(DomainError, match="made an admin after this was asked for"):
        act(actions.approve, withdrawal, bruno)


def test_who_was_made_an_admin_before_is_the_second(ada, bruno, ana):
    made_admin(bruno, ada)
    give(ana, 1900)
    own = address_of(ana)
    with transaction():
        asked = actions.request("w", ana, own.id, teo(1900))
        actions.check(asked)
        actions.approve(asked, ada)
        actions.approve(asked, bruno)
    assert asked.state == "approved"


def test_a_word_given_all_the_same_does_not_count(withdrawal, payout, ada, otto, bruno):
    """As when the role was taken and given back within one moment, past the verbs."""
    act(actions.approve, withdrawal, otto)
    act(payouts.approve, payout, otto)
    with transaction():
        otto.admin_since = clock.now()
    assert (withdrawal.standing, payout.approvals) == ([], [])


def test_an_admin_does_not_make_himself_the_second_who_approves_a_payout(payout, ada, bruno):
    act(payouts.approve, payout, ada)
    made_admin(bruno, ada)
    with pytest.raises(DomainError, match="made an admin after this was asked for"):
        act(payouts.approve, payout, bruno)
    assert (payout.state, len(payout.approvals)) == ("in review", 1)


def test_and_no_bank_file_takes_one_that_only_looks_approved(payout, ada, otto, bruno):
    act(payouts.approve, payout, ada)
    made_admin(bruno, ada)
    with transaction():
        payout.state = "approved"
        db.session.add(PayoutDecision(payout_id=payout.id, by_id=bruno.id, verdict="approved", at=clock.now()))
    assert bank_file_queries.ready_sum(otto) == (0, 0)
    with transaction():
        db.session.add(PayoutDecision(payout_id=payout.id, by_id=otto.id, verdict="approved", at=clock.now()))
    assert bank_file_queries.ready_sum(otto) == (1, 150_000)


def test_an_admin_does_not_make_himself_the_second_who_publishes_a_draft(ada, otto, bruno):
    draft = act(drafts.begin, ada)
    act(drafts.change, draft, ada, Rules(completion_bp=300), 14)
    clock.advance(timedelta(minutes=1))
    made_admin(bruno, ada)
    act(drafts.propose, draft, ada)
    with pytest.raises(DomainError, match="made an admin after this draft was begun"):
        act(drafts.publish, draft, bruno, draft.digest)
    assert act(drafts.publish, draft, otto, draft.digest).number == 2


def test_who_is_asked_for_a_second_word_is_one_whose_word_counts(withdrawal, ada, otto, bruno):
    made_admin(bruno, ada)
    draft = act(drafts.begin, ada)
    act(drafts.change, draft, ada, Rules(completion_bp=300), 14)
    act(actions.approve, withdrawal, ada)
    act(drafts.propose, draft, ada)
    told = {(notice.kind, notice.user_id) for notice in db.session.query(Notice) if notice.kind in ("second word wanted", "draft proposed")}
    assert told == {("second word wanted", otto.id), ("draft proposed", otto.id), ("draft proposed", bruno.id)}


def test_what_is_not_his_to_approve_waits_not_for_him_and_goes_in_no_batch_of_his(withdrawal, ada, bruno):
    with transaction():
        withdrawal.risks, withdrawal.risk = [], 0
    made_admin(bruno, ada)
    assert [[each.id for each in cases.queue(which="mine", by=admin).items] for admin in (ada, bruno)] == [[withdrawal.id], []]
    assert [len(batches.chosen([withdrawal.id], admin).withdrawals) for admin in (ada, bruno)] == [1, 0]


def test_the_word_of_the_admin_whom_the_operators_named_counts_for_all_that_waits(withdrawal, bruno):
    act(membership.make_first_admin, bruno)
    act(actions.approve, withdrawal, bruno)
    assert len(withdrawal.standing) == 1


def test_who_gets_the_role_back_begins_anew(withdrawal, ada, otto):
    act(admins.set_role, otto, "student", ada)
    assert otto.admin_since is None
    made_admin(otto, ada)
    assert not otto.may_decide_on(withdrawal.requested_at) and otto.may_decide_on(clock.now())


def test_who_is_an_admin_already_does_not_begin_anew(withdrawal, ada, otto):
    made_admin(otto, ada)
    assert otto.may_decide_on(withdrawal.requested_at)


# Nobody is made an admin in silence


def notices():
    return {notice.user_id: said(notice) for notice in db.session.query(Notice).filter_by(kind="role changed")}


@pytest.mark.parametrize(("before", "after"), [("student", "admin"), ("admin", "teacher")])
def test_he_and_all_other_admins_are_told_who_is_made_one_and_who_is_one_no_more(before, after, app, ada, otto, member):
    bruno = member("bruno", role=before)
    act(admins.set_role, bruno, after, ada)
    with app.test_request_context():
        told = notices()
    assert set(told) == {bruno.id, ada.id, otto.id}
    assert told[bruno.id].title == "Your role was changed" and f"Before it was {before}, from " in told[bruno.id].sentence
    assert told[otto.id].title == "An admin was made or unmade" and told[otto.id].href == f"/admin/members/{bruno.id}"
    assert told[otto.id].sentence.startswith(f"Bruno was {before} and is {after} by the word of Ada, on ")


def test_of_a_teacher_made_none_but_he_is_told(app, ada, otto, bruno):
    act(admins.set_role, bruno, "teacher", ada)
    act(admins.set_role, bruno, "teacher", ada)
    with app.test_request_context():
        assert set(notices()) == {bruno.id} and db.session.query(Notice).filter_by(kind="role changed").count() == 1
