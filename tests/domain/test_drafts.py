"""One admin drafts the next version of the rulebook, another publishes it: never one alone, and never what he has not read."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.governance import admins, drafts
from lms.domain.rulebook import queries as versions
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError, Invalid
from tests.conftest import announce


@pytest.fixture
def bea(member):
    return member("bea", role="admin")


@pytest.fixture
def draft(ada):
    """By ada, with a completion reward of 3 %."""
    with transaction():
        draft = drafts.begin(ada)
        drafts.change(draft, ada, Rules(completion_bp=300), 14)
    return draft


def act(verb, *values):
    with transaction():
        return verb(*values)


def test_a_draft_begins_with_what_the_newest_version_says(ada):
    announce(lessons_bp=300)
    draft = act(drafts.begin, ada)
    assert (draft.numbers, draft.based_on, draft.state) == (Rules(number=2, lessons_bp=300), 2, "draft")


def test_what_one_admin_proposes_another_publishes_as_the_next_version(draft, ada, bea):
    act(drafts.change, draft, ada, Rules(completion_bp=300), 20)
    act(drafts.propose, draft, ada)
    version = act(drafts.publish, draft, bea, draft.digest)
    midnight = datetime.combine((clock.now() + timedelta(days=21)).astimezone(UTC).date(), time(), UTC)
    assert (version.number, version.numbers, version.in_force_from) == (2, Rules(number=2, completion_bp=300), midnight)
    assert (draft.state, draft.version, draft.published_by_id) == ("published", 2, bea.id)
    rows = db.session.query(LogEntry).filter(LogEntry.action.startswith("rulebook")).order_by(LogEntry.number).all()
    assert [(row.action, row.by_id, row.subject) for row in rows] == [
        ("rulebook draft begun", ada.id, f"rulebook-draft {draft.id}"),
        ("rulebook draft changed", ada.id, f"rulebook-draft {draft.id}"),
        ("rulebook draft changed", ada.id, f"rulebook-draft {draft.id}"),
        ("rulebook proposed", ada.id, f"rulebook-draft {draft.id}"),
        ("rulebook announced", bea.id, "rulebook 2"),
    ]
    assert rows[2].details == {"digest": draft.digest}
    assert rows[-1].details["author"] == ada.id and rows[-1].details["digest"] == draft.digest


def test_nobody_publishes_alone(draft, ada, bea):
    with pytest.raises(DomainError, match="not what is proposed"):
        act(drafts.publish, draft, bea, draft.digest)
    act(drafts.propose, draft, ada)
    with pytest.raises(DomainError, match="your own draft"):
        act(drafts.publish, draft, ada, draft.digest)
    assert versions.newest().number == 1


def test_only_its_author_changes_and_proposes_a_draft(draft, bea):
    for verb, values in ((drafts.change, (Rules(completion_bp=200), 14)), (drafts.propose, ()), (drafts.carry_over, ())):
        with pytest.raises(DomainError, match="another admin's"):
            act(verb, draft, bea, *values)
    assert (draft.numbers.completion_bp, draft.state) == (300, "draft")


def test_a_draft_changed_after_it_was_proposed_is_proposed_no_more(draft, ada, bea):
    act(drafts.propose, draft, ada)
    read = draft.digest
    act(drafts.change, draft, ada, Rules(completion_bp=200), 14)
    assert draft.state == "draft"
    for digest in (read, draft.digest):
        with pytest.raises(DomainError, match="not what is proposed"):
            act(drafts.publish, draft, bea, digest)
    act(drafts.propose, draft, ada)
    with pytest.raises(DomainError, match="not what is proposed"):
        act(drafts.publish, draft, bea, read)
    assert act(drafts.publish, draft, bea, draft.digest).numbers.completion_bp == 200


def test_a_draft_that_was_changed_behind_the_desk_is_not_published(draft, ada, bea):
    act(drafts.propose, draft, ada)
    with transaction():
        draft.rules = draft.rules | {"completion_bp": 400}
    with pytest.raises(DomainError, match="not what is proposed"):
        act(drafts.publish, draft, bea, draft.digest)


def test_saving_the_same_again_voids_nothing(draft, ada):
    act(drafts.propose, draft, ada)
    act(drafts.change, draft, ada, Rules(completion_bp=300), 14)
    assert draft.is_proposed


def test_the_proposal_of_an_admin_who_is_none_any_more_is_not_published(draft, ada, bea):
    act(drafts.propose, draft, ada)
    with transaction():
        ada.suspended_at = clock.now()
    with pytest.raises(DomainError, match="no admin any more"):
        act(drafts.publish, draft, bea, draft.digest)


def test_who_was_suspended_while_he_published_publishes_nothing(draft, ada, bea):
    act(drafts.propose, draft, ada)
    assert bea.may_decide
    with db.engine.begin() as connection:
        connection.execute(update(User).where(User.id == bea.id).values(suspended_at=clock.now()))
    with pytest.raises(DomainError, match="no admin any more"):
        act(drafts.publish, draft, bea, draft.digest)


@pytest.mark.parametrize("loss", [lambda user, by: admins.suspend(user, by, "Stolen?"), lambda user, by: admins.set_role(user, "student", by)], ids=["account", "role"])
def test_what_a_lost_account_proposed_is_proposed_anew_by_who_has_it_back(loss, draft, ada, bea):
    act(drafts.propose, draft, ada)
    read = draft.digest
    act(loss, ada, bea)
    act(membership.let_in, ada, bea), act(membership.set_role, ada, "admin", bea)
    assert (draft.state, draft.proposed_at, draft.numbers.completion_bp) == ("draft", None, 300)
    assert db.session.query(LogEntry).filter_by(action="rulebook proposal voided", subject=f"rulebook-draft {draft.id}", by_id=bea.id).count() == 1
    with pytest.raises(DomainError, match="not what is proposed"):
        act(drafts.publish, draft, bea, read)
    act(drafts.propose, draft, ada)
    assert act(drafts.publish, draft, bea, read).number == 2


def test_a_loss_of_another_admin_leaves_a_proposal_alone(draft, ada, bea):
    act(drafts.propose, draft, ada)
    act(admins.suspend, bea, ada, "Stolen?")
    assert draft.is_proposed


def test_rules_that_may_never_hold_are_not_drafted(draft, ada):
    for rules, days, sentence in ((Rules(accept_bonus_bp=6000), 14, "could make TEO"), (Rules(), 13, "from 14 to 365 days")):
        with pytest.raises(Invalid, match=sentence):
            act(drafts.change, draft, ada, rules, days)
    assert draft.numbers.completion_bp == 300


def test_nothing_new_is_not_proposed(ada):
    draft = act(drafts.begin, ada)
    with pytest.raises(Invalid, match="Nothing differs from version 1"):
        act(drafts.propose, draft, ada)


def test_a_version_announced_meanwhile_is_taken_in_first(draft, ada, bea):
    act(drafts.propose, draft, ada)
    announce(lessons_bp=300)
    with pytest.raises(DomainError, match="Version 2 was announced since"):
        act(drafts.publish, draft, bea, draft.digest)
    act(drafts.carry_over, draft, ada)
    assert (draft.numbers, draft.based_on, draft.state) == (Rules(number=2, lessons_bp=300, completion_bp=300), 2, "draft")
    act(drafts.change, draft, ada, replace(draft.numbers), 30)
    act(drafts.propose, draft, ada)
    assert act(drafts.publish, draft, bea, draft.digest).number == 3


def test_what_is_saved_as_it_was_is_no_change_in_the_log_and_carrying_over_is_one(draft, ada):
    announce(lessons_bp=300)
    act(drafts.change, draft, ada, Rules(completion_bp=300), 14)
    act(drafts.carry_over, draft, ada)
    rows = db.session.query(LogEntry).filter(LogEntry.action.startswith("rulebook draft")).order_by(LogEntry.number).all()
    assert [(row.action, row.by_id, row.details.get("version")) for row in rows] == [("rulebook draft begun", ada.id, 1), ("rulebook draft changed", ada.id, None), ("rulebook draft carried over", ada.id, 2)]
    assert rows[-1].details["digest"] == draft.digest


def test_what_is_over_is_changed_no_more(draft, ada, bea):
    act(drafts.withdraw, draft, bea)
    for verb, values in ((drafts.change, (ada, Rules(), 14)), (drafts.propose, (ada,)), (drafts.publish, (bea, draft.digest)), (drafts.withdraw, (ada,))):
        with pytest.raises(DomainError, match="published or withdrawn"):
            act(verb, draft, *values)
