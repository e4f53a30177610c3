"""The rulebook desk: a form over every number, a proposal, and a second admin who publishes."""

from datetime import timedelta

import pytest

from lms import clock
from lms.blueprints.admin.rules_form import RulesForm
from lms.db import db, transaction
from lms.domain.accounts.sessions import PROOF_LIFE
from lms.domain.governance import drafts
from lms.domain.governance.models import RulebookDraft
from lms.domain.rulebook import queries as versions
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from tests.conftest import PASSWORD, teo

PLACE = "/admin/rulebook"


@pytest.fixture
def bea(member):
    return member("bea", role="admin")


@pytest.fixture
def draft(ada):
    with transaction():
        return drafts.begin(ada)


@pytest.fixture
def typed(app, draft):
    """typed(completion_bp="3") → what the form of the draft sends with that in it."""

    def fill(**changed):
        with app.test_request_context():
            form = RulesForm(draft.numbers, draft.notice_days, formdata=None)
            sent = {item.name: item._value() for item in form if item.name not in ("csrf_token", "tiers")}
            sent |= {item.name: item._value() for row in form.tiers for item in row.form}
        assert set(changed) <= set(sent)
        return sent | changed

    return fill


def post(browser, draft, what, **fields):
    return browser.post(f"{PLACE}/{draft.id}/{what}", data=fields)


def test_the_form_sent_as_it_is_changes_nothing(log_in, ada, draft, typed):
    answer = post(log_in(ada), draft, "numbers", **typed())
    assert answer.status_code == 303, answer.text
    db.session.refresh(draft)
    assert (draft.numbers, draft.notice_days) == (Rules(), 14)
    assert "Nothing yet" in log_in(ada).get(answer.location).text


def test_from_a_draft_to_a_version(log_in, ada, bea, typed):
    browser = log_in(ada)
    answer = browser.post(PLACE)
    draft = db.session.query(RulebookDraft).order_by(RulebookDraft.id.desc()).first()
    assert answer.location == f"{PLACE}/{draft.id}/numbers" and "Completion reward, %" in browser.get(answer.location).text
    changed = {"completion_bp": "3", "user_daily_cap": "80.5", "discount_levels_bp": "5, 7.5 15", "lowest_price": "2", "tiers-0-name": "Iron", "tiers-5-name": "Jewel", "tiers-5-staked": "5000", "tiers-5-platform_bp": "24", "weight_7": "70", "notice_days": "21"}
    assert post(browser, draft, "numbers", **typed(**changed)).status_code == 303
    page = browser.get(f"{PLACE}/{draft.id}").text
    for said in ("The completion reward falls from 4\u00a0% to 3\u00a0%", "80.50\u00a0TEO", "“Circle” weighs 70 points instead of 60", "The tier Bronze ends", "21 days"):
        assert said in page, said
    assert post(browser, draft, "proposal").status_code == 303
    assert "/publication" not in browser.get(f"{PLACE}/{draft.id}").text
    other = log_in(bea)
    assert f'value="{draft.digest}"' in other.get(f"{PLACE}/{draft.id}").text
    assert post(other, draft, "publication", digest=draft.digest).status_code == 303
    rules = versions.newest().numbers
    assert (rules.completion_bp, rules.user_daily_cap, rules.discount_levels_bp, rules.lowest_price) == (300, teo(80.5), (500, 750, 1500), 200)
    assert rules.tiers[0] == Tier("Iron", 0, 5000) and rules.tiers[-1] == Tier("Jewel", teo(5000), 2400) and len(rules.tiers) == 6
    assert rules.weights == Rules().weights | {"circle": 70}
    assert "Published by Bea as version 2" in other.get(f"{PLACE}/{draft.id}").text and "Version 2" in other.get(PLACE).text


def test_who_drafted_it_does_not_publish_it(log_in, ada, draft):
    with transaction():
        drafts.change(draft, ada, Rules(completion_bp=300), 14)
        drafts.propose(draft, ada)
    answer = post(log_in(ada), draft, "publication", digest=draft.digest)
    assert answer.status_code == 409 and "Another admin publishes it" in answer.text and versions.newest().number == 1


def test_both_words_ask_for_the_password_again(log_in, ada, bea, draft):
    with transaction():
        drafts.change(draft, ada, Rules(completion_bp=300), 14)
    browser = log_in(ada)
    clock.advance(PROOF_LIFE + timedelta(seconds=1))
    assert post(browser, draft, "proposal").status_code == 422 and not draft.is_proposed
    assert post(browser, draft, "proposal", **{"proof-password": PASSWORD}).status_code == 303
    browser = log_in(bea)
    clock.advance(PROOF_LIFE + timedelta(seconds=1))
    answer = post(browser, draft, "publication", digest=draft.digest)
    assert answer.status_code == 422 and draft.digest in answer.text and versions.newest().number == 1
    assert post(browser, draft, "publication", digest=draft.digest, **{"proof-password": PASSWORD}).status_code == 303
    assert versions.newest().number == 2


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("completion_bp", "x", "Write a number such as 80.00"),
        ("completion_bp", "", "Write a number."),
        ("peer_reviewers", "11", "From 1 to 10."),
        ("refund_days", "15", "Time to change one&#39;s mind cannot be above maturity of rewards and earnings."),
        ("lessons_bp", "9", "The rewards of a course together are more than the limit of all rewards of a course."),
        ("discount_levels_bp", "five", "Write percentages with a space between them"),
        ("accept_bonus_bp", "60", "A student and a teacher in league could make TEO"),
        ("tiers-1-staked", "", "A tier has a name, a stake and a share."),
        ("tiers-1-staked", "0", "From Bronze to Silver the stake has to rise"),
        ("weight_0", "101", "From 0 to 100."),
        ("notice_days", "13", "From 14 days to 365 days."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(log_in, ada, draft, typed, name, text, sentence):
    answer = post(log_in(ada), draft, "numbers", **typed(**{"completion_bp": "3.33", name: text}))
    assert answer.status_code == 422 and sentence in answer.text
    assert f'value="{text}"' in answer.text and (name == "completion_bp" or 'value="3.33"' in answer.text)
    assert draft.numbers == Rules()


def test_another_admins_draft_is_read_not_changed(log_in, bea, draft, typed):
    browser = log_in(bea)
    assert "not proposed it yet" in browser.get(f"{PLACE}/{draft.id}").text
    answer = post(browser, draft, "numbers", **typed(completion_bp="3"))
    assert answer.status_code == 409 and 'value="3"' in answer.text and "another admin" in answer.text
    assert draft.numbers == Rules()


def test_a_version_announced_meanwhile_is_carried_over_to(log_in, ada, draft):
    from tests.conftest import announce

    with transaction():
        drafts.change(draft, ada, Rules(completion_bp=300), 14)
    announce(lessons_bp=300)
    browser = log_in(ada)
    assert "does not know of it" in browser.get(f"{PLACE}/{draft.id}").text
    assert post(browser, draft, "carrying-over").status_code == 303
    assert (draft.based_on, draft.numbers.lessons_bp) == (2, 300)


def test_a_list_of_drafts_takes_as_many_statements_with_many(log_in, ada, draft, statements):
    browser = log_in(ada)
    browser.get(PLACE)
    with statements() as few:
        browser.get(PLACE)
    with transaction():
        for _ in range(5):
            drafts.begin(ada)
    with statements() as many:
        browser.get(PLACE)
    assert len(many) == len(few)


def test_what_is_over_and_what_is_not_there(log_in, ada, draft):
    browser = log_in(ada)
    assert post(browser, draft, "withdrawal").status_code == 303
    assert "withdrawn" in browser.get(f"{PLACE}/{draft.id}").text
    assert browser.get(f"{PLACE}/{draft.id + 1}").status_code == 404
