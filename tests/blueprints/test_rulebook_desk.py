"""The rulebook desk: a form over every number, a proposal, and a second admin who publishes."""

import re
from datetime import timedelta

import pytest

from lms import clock, live
from lms.blueprints.admin import backtests
from lms.blueprints.admin.rules_form import RulesForm
from lms.db import db, transaction
from lms.domain.accounts.sessions import PROOF_LIFE
from lms.domain.audit.models import LogEntry
from lms.domain.governance import backtests as trials
from lms.domain.governance import drafts
from lms.domain.governance.models import RulebookDraft
from lms.domain.rulebook import queries as versions
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.jobs import backtests as jobs
from tests.conftest import PASSWORD, announce, sell, teo
from tests.domain.test_drafts import bea as bea

PLACE = "/admin/rulebook"


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


def test_numbers_stand_in_the_form_as_its_reader_writes_them(log_in, ada, draft):
    numbers = f"{PLACE}/{draft.id}/numbers"
    assert 'value="4.00"' in log_in(ada).get(numbers).text
    with transaction():
        ada.locale = "it"
    page = log_in(ada).get(numbers).text
    shown = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
    assert (shown["completion_bp"], shown["user_daily_cap"]) == ("4,00", "100,00")
    assert post(log_in(ada), draft, "numbers", **dict(re.findall(r'name="([\w-]+)"[^>]* value="([^"]*)"', page))).status_code == 303
    db.session.refresh(draft)
    assert draft.numbers == Rules()


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


def test_only_what_can_be_saved_offers_to_save_it(log_in, ada, bea, draft):
    form = f"{PLACE}/{draft.id}/numbers"
    assert ["Save the draft" in log_in(who).get(form).text for who in (bea, ada)] == [False, True]
    post(log_in(ada), draft, "withdrawal")
    assert "Save the draft" not in log_in(ada).get(form).text


def test_a_version_announced_meanwhile_is_carried_over_to(log_in, ada, draft):
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


# What the last 90 days say


def test_over_how_many_days_it_is_tried_is_said_by_the_number_it_is_tried_with(log_in, ada, draft, monkeypatch):
    monkeypatch.setattr(trials, "DAYS", 30)
    browser = log_in(ada)
    pages = [browser.get(PLACE).text, browser.get(f"{PLACE}/{draft.id}").text, live.shown(ada.id, [f"backtest:{draft.id}"])[f"backtest:{draft.id}"]]
    assert all("the last 30 days" in page and "90 days" not in page for page in pages)


@pytest.fixture
def enqueued(monkeypatch):
    asked = []
    monkeypatch.setattr(backtests, "enqueue", lambda *job: asked.append(job))
    return asked


@pytest.fixture
def tried(log_in, ada, ana, course, draft, enqueued):
    """tried(**numbers): the draft with these, tried on a sale of 80.00 EUR; answers the Backtest."""
    sell(ana, course)

    def run(**numbers):
        with transaction():
            drafts.change(draft, ada, Rules(**numbers), 14)
        assert post(log_in(ada), draft, "backtests").status_code == 303
        jobs.run(enqueued[-1][1])
        return trials.newest(draft.id)

    return run


def test_a_backtest_is_asked_for_followed_and_read(log_in, ada, bea, tried, draft, enqueued):
    browser = log_in(ada)
    assert "It has not been tried yet" in browser.get(f"{PLACE}/{draft.id}").text
    backtest = tried(purchase_max_bp=100, tiers=(Tier("All", 0, 4000),))
    assert enqueued == [("backtests.run", backtest.id)]
    page = log_in(bea).get(f"{PLACE}/{draft.id}").text
    assert "1 member would have gained, 1 would have lost." in page and "Try it on" not in page
    page = log_in(bea).get(f"{PLACE}/{draft.id}/backtests/{backtest.id}").text
    for said in ("version 1", "1.60\u00a0TEO", "0.80\u00a0TEO", "\u22120.80\u00a0TEO", "40.00 €", "48.00 €", "+8.00 €", "Ana", "Tea", "What this leaves out", '<svg class="chart"'):
        assert said in page, said
    page = browser.get(f"{PLACE}/{draft.id}/backtests/{backtest.id}?rule=tiers").text
    assert "in force 40.00 € together, by the draft 48.00 €" in page


def test_who_publishes_is_told_when_the_draft_was_not_tried(log_in, ada, bea, tried, draft):
    tried(purchase_max_bp=100)
    with transaction():
        drafts.propose(draft, ada)
    assert "has not been tried" not in log_in(bea).get(f"{PLACE}/{draft.id}").text
    with transaction():
        drafts.change(draft, ada, Rules(purchase_max_bp=50), 14)
        drafts.propose(draft, ada)
    assert "As it is now, it has not been tried" in log_in(bea).get(f"{PLACE}/{draft.id}").text


def test_a_cap_says_what_it_would_have_stopped(log_in, ada, tried, draft):
    backtest = tried(user_daily_cap=teo(1))
    page = log_in(ada).get(f"{PLACE}/{draft.id}/backtests/{backtest.id}").text
    assert "· 0.60 TEO" in page and "0.60 TEO by the draft" in page
    assert 'role="img" aria-label="Rewards deferred by the daily limit of a member: in force (version 1) 0, draft 1"' in page


def test_who_gains_and_who_loses_is_pictured_by_how_much(log_in, ada, tried, draft):
    backtest = tried(purchase_max_bp=100, tiers=(Tier("All", 0, 4000),))
    address = f"{PLACE}/{draft.id}/backtests/{backtest.id}"
    page = log_in(ada).get(address).text
    assert re.search(r'role="img" aria-label="[^"]* loses 1 to 10 0, loses less than 1 1, stays as it is 0, gains less than 1 0, gains 1 to 10 1, gains 10 to 100 0,', page)
    assert '<tr><td>loses less than 1</td><td class="num">1</td></tr>' in page


def test_a_backtest_of_before_sizes_were_counted_is_read_as_it_was(log_in, ada, tried, draft):
    backtest = tried(purchase_max_bp=100)
    with transaction():
        backtest.result = backtest.result | {"members": {name: value for name, value in backtest.result["members"].items() if name != "sizes"}}
    page = log_in(ada).get(f"{PLACE}/{draft.id}/backtests/{backtest.id}")
    assert page.status_code == 200 and "loses less than" not in page.text and "Who gains and who loses" in page.text


def test_how_far_it_is_is_seen_on_reload_and_pushed_to_admins_alone(log_in, ada, ana, draft, enqueued):
    browser = log_in(ada)
    post(browser, draft, "backtests")
    assert "waits for a worker" in browser.get(f"{PLACE}/{draft.id}").text
    backtest = trials.newest(draft.id)
    with transaction():
        trials.begin(backtest.id)
        trials.note(backtest.id, 1, 34)
    page = browser.get(f"{PLACE}/{draft.id}").text
    assert 'value="34" max="90"' in page and "day 34 of 90" in page and f"backtest:{draft.id}" in page
    fragment = live.shown(ada.id, [f"backtest:{draft.id}"])[f"backtest:{draft.id}"]
    assert "day 34 of 90" in fragment and 'hx-target="#backtest"' in fragment and "<form" not in fragment
    assert live.shown(ana.id, [f"backtest:{draft.id}"]) == {}


def test_a_changed_draft_voids_what_was_tried(log_in, ada, tried, draft):
    backtest = tried(purchase_max_bp=100)
    with transaction():
        drafts.change(draft, ada, Rules(purchase_max_bp=50), 14)
    browser = log_in(ada)
    page = browser.get(f"{PLACE}/{draft.id}").text
    assert "changed since it was tried" in page and "Try it on" in page and "would have gained" not in page
    assert "as it was then" in browser.get(f"{PLACE}/{draft.id}/backtests/{backtest.id}").text


def test_the_csv_has_each_rule_and_day_and_is_noted(log_in, ada, tried, draft):
    backtest = tried(purchase_max_bp=100)
    answer = log_in(ada).post(f"{PLACE}/{draft.id}/backtests/{backtest.id}/csv")
    lines = answer.data.decode().splitlines()
    assert len(lines) == 1 + 6 * 90 and lines[90].endswith(",Purchases,TEO,1.600000,0.800000")
    assert db.session.query(LogEntry).filter_by(action="backtest exported").one().by_id == ada.id


def test_a_backtest_of_another_draft_and_one_that_is_not_done(log_in, ada, draft, enqueued):
    browser = log_in(ada)
    post(browser, draft, "backtests")
    backtest = trials.newest(draft.id)
    assert browser.get(f"{PLACE}/{draft.id + 1}/backtests/{backtest.id}").status_code == 404
    assert browser.get(f"{PLACE}/{draft.id}/backtests/{backtest.id}").location == f"{PLACE}/{draft.id}"
    assert browser.post(f"{PLACE}/{draft.id}/backtests/{backtest.id}/csv").status_code == 404


def test_a_result_takes_as_many_statements_with_many_members(log_in, ada, tried, draft, statements):
    backtest = tried(purchase_max_bp=100)
    browser, url = log_in(ada), f"{PLACE}/{draft.id}/backtests/{backtest.id}"
    browser.get(url)
    with statements() as few:
        browser.get(url)
    with transaction():
        result = dict(backtest.result)
        result["members"] = result["members"] | {"largest": [[number, 2, 1, 0, 0] for number in (ada.id, *range(1, 40))]}
        backtest.result = result
    browser.get(url)
    with statements() as many:
        page = browser.get(url).text
    assert len(many) == len(few) and "Page 1 of 2" in page
