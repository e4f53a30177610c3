"""Each sign of fraud by itself: what raises it, and what just does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lms.domain.desk import risk_flags
from lms.domain.desk.risk_signals import Signals
from lms.domain.rulebook.rules import Rules
from tests.conftest import teo

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
HONEST = Signals(email="ana@example.org", asked_at=NOW, joined_at=LONG_AGO, linked_at=LONG_AGO)
ALMOST, JUST = timedelta(days=7) - timedelta(seconds=1), timedelta(days=7)
WEIGHTS = Rules().weights

# The sign: (what raises it, the facts it says; what does not).
CASES = {
    "new account": ({"joined_at": NOW - ALMOST}, {"days": 6}, {"joined_at": NOW - JUST}),
    "new address": ({"linked_at": NOW - ALMOST}, {"days": 6}, {"linked_at": NOW - JUST}),
    "shared address": ({"same_address": (7,)}, {"members": [7]}, {"same_network": (7,)}),
    "shared device": ({"same_device": (7, 9)}, {"members": [7, 9]}, {"same_network": (7,)}),
    "shared network": ({"same_network": (7, 8, 9)}, {"members": [7, 8, 9]}, {"same_network": (7, 8)}),
    "reward velocity": ({"rewarded": teo(50), "rewarded_before": teo(80)}, {"week": teo(50), "before": teo(10)}, {"rewarded": teo(50), "rewarded_before": teo(100)}),
    "hasty learning": ({"lessons": 6, "hasty_lessons": 3}, {"hasty": 3, "lessons": 6}, {"lessons": 7, "hasty_lessons": 3}),
    "circle": ({"partners": (3, 7), "same_network": (7,)}, {"members": [7]}, {"partners": (3,), "same_device": (7,)}),
    "refund after reward": ({"taken_back": 1}, {"refunds": 1}, {"taken_back": 0}),
    "disposable mail": ({"email": "x@Mailinator.com"}, {"domain": "mailinator.com"}, {"email": "mailinator.com@example.org"}),
    "caps reached": ({"capped_days": 2}, {"days": 2}, {"capped_days": 1}),
    "dispute": ({"disputes": 1}, {"disputes": 1}, {"disputed_sales": 1, "sales": 101}),
}


def raised(**found):
    return risk_flags.raised(replace(HONEST, **found), WEIGHTS)


def test_an_honest_member_raises_none():
    assert raised() == []


def test_every_sign_has_a_case_and_a_weight():
    assert set(CASES) == set(risk_flags.RISKS) == set(WEIGHTS)


@pytest.mark.parametrize("name", CASES)
def test_a_sign_is_raised_by_its_facts_alone(name):
    found, facts, other = CASES[name]
    flag = next(flag for flag in raised(**found) if flag["name"] == name)
    assert flag == {"name": name, "weight": WEIGHTS[name], "facts": facts}
    assert name not in {flag["name"] for flag in raised(**other)}


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"rewarded": teo(50) - 1}, "reward velocity"),
        ({"lessons": 4, "hasty_lessons": 4}, "hasty learning"),
        ({"quizzes": 2, "hasty_quizzes": 2}, "hasty learning"),
        ({"quizzes": 5, "hasty_quizzes": 2}, "hasty learning"),
        ({"lessons": 4, "hasty_lessons": 4, "quizzes": 2, "hasty_quizzes": 2}, "hasty learning"),
        ({"sales": 2, "sales_to_one": 2}, "circle"),
        ({"sales": 7, "sales_to_one": 3}, "circle"),
        ({"linked_at": None}, "new address"),
    ],
)
def test_too_little_to_judge_by_raises_nothing(found, name):
    assert name not in {flag["name"] for flag in raised(**found)}


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        ({"quizzes": 3, "hasty_quizzes": 2}, {"hasty_quizzes": 2, "quizzes": 3}),
        ({"quizzes": 4, "hasty_quizzes": 2, "lessons": 9, "hasty_lessons": 4}, {"hasty_quizzes": 2, "quizzes": 4}),
        ({"quizzes": 5, "hasty_quizzes": 2, "lessons": 9, "hasty_lessons": 5}, {"hasty": 5, "lessons": 9}),
        ({"quizzes": 3, "hasty_quizzes": 3, "lessons": 5, "hasty_lessons": 5}, {"hasty": 5, "lessons": 5, "hasty_quizzes": 3, "quizzes": 3}),
    ],
)
def test_learning_is_hasty_by_its_lessons_or_its_quizzes_and_says_which(found, facts):
    assert raised(**found) == [{"name": "hasty learning", "weight": WEIGHTS["hasty learning"], "facts": facts}]


def test_one_buyer_of_most_sales_is_a_circle():
    assert raised(sales=4, sales_to_one=2)[0]["facts"] == {"sales": 4, "to_one": 2}


def test_who_bought_of_him_and_sold_to_him_is_a_circle():
    assert raised(partners=(3, 7), mutual=(7,))[0] == {"name": "circle", "weight": 60, "facts": {"mutual": [7]}}


def test_all_that_makes_a_circle_is_said():
    found = raised(partners=(3, 7, 9), same_network=(9,), mutual=(7,), sales=3, sales_to_one=3)
    assert found[0]["facts"] == {"members": [9], "mutual": [7], "sales": 3, "to_one": 3}


def test_the_teo_of_sales_are_brought_in_a_week_as_those_of_learning_are():
    (flag,) = raised(rewarded=teo(20), sold_for=teo(30), rewarded_before=teo(40), sold_for_before=teo(40))
    assert flag == {"name": "reward velocity", "weight": 30, "facts": {"week": teo(50), "before": teo(10)}}
    assert raised(rewarded=teo(20), sold_for=teo(30), sold_for_before=teo(100)) == []


@pytest.mark.parametrize(("disputed", "sales", "is_raised"), [(1, 0, True), (1, 1, True), (1, 100, True), (1, 101, False), (2, 200, True)])
def test_disputed_sales_raise_a_sign_from_one_in_a_hundred_on(disputed, sales, is_raised):
    assert [flag["facts"] for flag in raised(disputed_sales=disputed, sales=sales)] == ([{"sold": disputed}] if is_raised else [])


def test_what_he_disputes_stands_beside_what_is_disputed_of_his_sales():
    assert raised(disputes=2, disputed_sales=1)[0]["facts"] == {"disputes": 2, "sold": 1}


def test_the_heaviest_stands_first_and_a_weight_of_nothing_switches_a_sign_off():
    found = replace(HONEST, joined_at=NOW, same_address=(7,), disputes=1)
    assert [flag["name"] for flag in risk_flags.raised(found, WEIGHTS)] == ["shared address", "dispute", "new account"]
    assert [flag["name"] for flag in risk_flags.raised(found, WEIGHTS | {"shared address": 0})] == ["dispute", "new account"]


# What came up since


def kept(**facts):
    return [{"name": name.replace("_", " "), "weight": 40, "facts": said} for name, said in facts.items()]


def news(before, now):
    """The facts of each sign that is news."""
    return {flag["name"]: flag["facts"] for flag in risk_flags.news(before, now)}


def test_a_sign_that_was_not_there_before_is_news():
    before, now = kept(dispute={"disputes": 1}), kept(dispute={"disputes": 1}, shared_device={"members": [7]})
    assert risk_flags.news(before, now) == [{"name": "shared device", "weight": 40, "facts": {"members": [7]}}]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"members": [7]}, {"members": [7, 9]}),
        ({"members": [7]}, {"members": [7], "mutual": [7]}),
        ({"disputes": 1}, {"disputes": 2}),
        ({"disputes": 1}, {"disputes": 1, "sold": 1}),
        ({"domain": "mailinator.com"}, {"domain": "yopmail.com"}),
    ],
)
def test_a_sign_that_says_more_than_before_is_news_with_all_that_it_says(before, now):
    assert news(kept(circle=before), kept(circle=now)) == {"circle": now}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"members": [7, 9]}, {"members": [7, 9]}),
        ({"members": [7, 9]}, {"members": [9]}),
        ({"disputes": 2}, {"disputes": 1}),
        ({"members": [7], "mutual": [7]}, {"mutual": [7]}),
        ({"domain": "mailinator.com"}, {"domain": "mailinator.com"}),
    ],
)
def test_a_sign_that_says_no_more_than_before_is_no_news(before, now):
    assert news(kept(circle=before), kept(circle=now)) == {}


def test_who_was_named_before_stays_named_when_another_comes():
    assert news(kept(circle={"members": [7, 8], "to_one": 3}), kept(circle={"members": [8, 6]})) == {"circle": {"members": [6, 7, 8], "to_one": 3}}


def test_a_number_that_was_said_stays_when_another_rises():
    before, now = kept(dispute={"disputes": 3, "sold": 1}), kept(dispute={"disputes": 2, "sold": 4})
    assert news(before, now) == {"dispute": {"disputes": 3, "sold": 4}}
