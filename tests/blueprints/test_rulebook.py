"""The public page of the rules."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lms import clock
from lms.db import transaction
from lms.domain.rulebook import actions
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.changes import NAMES
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.ui.rulebook import RULES, differences, said


def announce(days=20, **numbers):
    with transaction():
        return actions.announce(replace(Rules(), **numbers), clock.now() + timedelta(days=days))


def words(page):
    main = re.sub(r"</?strong>", "", page.split("<main")[1].split("</main>")[0])
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", main))


def test_every_number_has_its_words():
    assert set(RULES) == set(NAMES)


def test_the_page_says_every_number_in_force(client, app):
    page = words(client.get("/rulebook").text)
    assert "Version 1" in page and "in force" in page
    for rule in RULES.values():
        if rule.name != "tiers":
            assert f"{rule.label} {said(rule, Rules())}" in page.replace("&#39;", "'"), rule.name
    assert "Diamond 1\u202f000.00 TEO 75\u00a0% 25\u00a0%" in page
    assert f"A new version is announced at least {actions.NOTICE.days} days before it holds." in page


def test_a_number_is_said_with_its_unit(app):
    assert said(RULES["completion_bp"], Rules()) == "4\u00a0% of the price paid in cash"
    assert said(RULES["discount_levels_bp"], Rules()) == "5\u00a0%, 10\u00a0% or 15\u00a0% of the price, as far as the course allows"
    assert said(RULES["discount_levels_bp"], Rules(discount_levels_bp=())).startswith("nothing of the price")
    assert said(RULES["purchase_max_bp"], Rules(purchase_max_bp=125)).startswith("up to 1.25\u00a0% ")
    assert said(RULES["refund_days"], Rules(refund_days=1)) == "1 day after the payment"


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (dict(completion_bp=300), "The completion reward falls from 4\u00a0% to 3\u00a0% of the price paid in cash."),
        (dict(user_daily_cap=150 * MICRO), "The daily limit of a member rises from 100.00\u00a0TEO to 150.00\u00a0TEO of rewards."),
        (dict(discount_levels_bp=(500,)), "The part that can be paid in TEO changes from 5\u00a0%, 10\u00a0% or 15\u00a0% to 5\u00a0% of the price, as far as the course allows."),
    ],
)
def test_a_difference_is_a_sentence(app, numbers, sentence):
    assert differences(Rules(), replace(Rules(), **numbers)) == [sentence]


def test_the_difference_of_a_ladder_names_its_tiers(app):
    ladder = (*Rules().tiers[:3], Tier("Platinum", 500 * MICRO, 3500), Tier("Ruby", 2000 * MICRO, 3000))
    assert differences(Rules(), replace(Rules(), tiers=ladder)) == [
        "The tier Diamond ends.",
        "The tier changes from Platinum 35\u00a0% from 600.00\u00a0TEO to Platinum 35\u00a0% from 500.00\u00a0TEO.",
        "There is a new tier: Ruby 30\u00a0% from 2\u202f000.00\u00a0TEO.",
    ]


def test_what_is_announced_stands_with_its_day_and_the_difference(client, app):
    version = announce(completion_bp=300)
    answer = client.get("/rulebook").text
    page = words(answer)
    assert "Version 1" in page and "What changes with version 2" in page
    assert moment(version.in_force_from) in answer.split('id="next"')[1].split("<ul>")[0]
    assert "The completion reward falls from 4\u00a0% to 3\u00a0% of the price paid in cash." in page
    assert "completion reward 4\u00a0%" in page
    answer = client.get("/rulebook/2").text
    announced = words(answer)
    assert "Until then nothing changes" in announced and "completion reward 3\u00a0%" in announced
    assert f"This version holds from {moment(version.in_force_from)}" in answer and "in force since" not in answer


def test_the_version_in_force_says_since_when(client, app):
    assert f"in force since {moment(actions.THE_BEGINNING)}" in client.get("/rulebook").text
    version = announce(completion_bp=300)
    clock.advance(timedelta(days=21))
    assert f"in force since {moment(version.in_force_from)}" in client.get("/rulebook").text
    old = client.get("/rulebook/1").text
    assert f"This version held until {moment(version.in_force_from)}" in old and "in force since" not in old


def moment(at):
    """How a page begins to say it."""
    return f'<time datetime="{at.isoformat(timespec="seconds")}"'


def test_an_older_version_stays_readable(client, app):
    announce(completion_bp=300)
    clock.advance(timedelta(days=21))
    page = client.get("/rulebook").text
    assert "What changed from version 1" in page and 'href="/rulebook/1"' in page
    old = words(client.get("/rulebook/1").text)
    assert "no longer in force" in old and "What changes with" not in old


@pytest.mark.parametrize("number", ["2", "0", "-1", "99999999999", "one"])
def test_a_version_there_is_not_is_not_found(client, app, number):
    assert client.get(f"/rulebook/{number}").status_code == 404


def test_the_page_takes_one_statement(client, app, statements):
    for days in (20, 30, 40):
        announce(days, completion_bp=400 - days)
    with statements() as seen:
        assert client.get("/rulebook").status_code == 200
        assert client.get("/rulebook/2").status_code == 200
    assert len(seen) == 2


def test_the_foot_of_a_page_the_wallet_and_the_checkout_lead_to_the_rules(client, ana, course, log_in):
    assert client.get("/privacy").text.count('href="/rulebook"') == 1
    browser = log_in(ana)
    for path in ("/wallet", f"/courses/{course.slug}/checkout"):
        assert browser.get(path).text.count('href="/rulebook"') == 2


def test_it_says_what_a_free_course_brings(client, app):
    assert "a free course rewards with a badge, not with TEO" in words(client.get("/rulebook").text)
