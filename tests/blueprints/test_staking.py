"""The page on which a teacher stakes."""

import re
from datetime import datetime, timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.staking import actions as staking
from lms.domain.staking.models import Stake, Unstaking
from lms.domain.wallet.queries import balance
from tests.conftest import give, publish, sell, teo

PLACE = "/teach/staking/"


@pytest.fixture
def browser(tea, log_in):
    give(tea, 500)
    return log_in(tea)


def test_the_ladder_says_what_is_missing_and_what_it_would_have_earned(ana, bruno, tea, browser):
    course = publish(tea, "Knots", price=10_000)
    sell(ana, course, "p1")
    sell(bruno, course, "p2")
    page = browser.get(PLACE).text
    for said in ("100.00 TEO missing", "1\u202f000.00 TEO missing", "100.00 €", "+10.00 € compared with today", "+50.00 € compared with today"):
        assert said in page


def test_the_ladder_of_who_sold_nothing_says_so_and_no_zeros(tea, browser):
    page = browser.get(PLACE).text
    assert "you have sold nothing in the last 30 days" in page and "0.00 €" not in page


def test_staking_and_asking_out(tea, browser):
    assert browser.post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": "100,5"}).status_code == 303
    assert balance(tea.id).staked == teo(100.5)
    page = browser.get(PLACE).text
    assert "Silver" in page and "Locked" in page
    assert dates(page) == [("free to unstake from", db.session.query(Stake).one().unlocks_at.replace(microsecond=0))]
    clock.advance(timedelta(days=7))
    assert browser.post(f"{PLACE}unstakings", data={"unstake-key": "k", "unstake-amount": "0.5"}).status_code == 303
    assert balance(tea.id).unbonding == teo(0.5)
    page = browser.get(PLACE).text
    assert "Unbonding" in page
    assert dates(page) == [("available", db.session.query(Unstaking).one().releases_at.replace(microsecond=0))]


def dates(page):
    """[(what is said before it, the moment)] of each part that is bound, to the second."""
    return [(said, datetime.fromisoformat(moment)) for said, moment in re.findall(r'(free to unstake from|available) <time datetime="([^"]+)"', page)]


def test_a_double_click_stakes_once(tea, browser):
    for _ in range(2):
        browser.post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": "100"})
    assert balance(tea.id).staked == teo(100)


@pytest.mark.parametrize("role", ["student", "admin"])
def test_who_teaches_no_more_keeps_stake_and_euros(role, tea, ada, browser, log_in):
    with transaction():
        staking.stake("k", tea, teo(100))
        membership.set_role(tea, role, ada)
    clock.advance(timedelta(days=7))
    browser = log_in(tea)  # an admin's sign-in ends sooner
    assert 'href="/teach/money/"' in browser.get("/account").text
    assert [path for path in ("money/", "payouts", "payout-details", "staking/") if browser.get(f"/teach/{path}").status_code != 200] == []
    assert "stake-amount" not in browser.get(PLACE).text.replace("unstake-amount", "")
    assert browser.post(f"{PLACE}stakes", data={"stake-key": "k2", "stake-amount": "1"}).status_code == 403
    assert browser.post(f"{PLACE}unstakings", data={"unstake-key": "k", "unstake-amount": "100"}).status_code == 303
    assert balance(tea.id).unbonding == teo(100)


def test_anothers_key_is_not_ones_own(member, tea, browser, log_in):
    browser.post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": "100"})
    ugo = member("ugo", role="teacher")
    give(ugo, 7)
    log_in(ugo).post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": "7"})
    assert balance(ugo.id).staked == teo(7)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Write an amount from 0.01 TEO on."), ("NaN", "Write a number"), ("1e3", "Write a number"), ("-5", "cannot be below zero"), ("0.0000001", "at most six decimals"), ("9" * 20, "There are not so many TEO.")],
)
def test_what_is_no_amount_is_refused_and_shown_again(typed, said, tea, browser):
    answer = browser.post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": typed})
    assert answer.status_code == 422 and said in answer.text and f'value="{typed}"' in answer.text
    assert balance(tea.id).staked == 0


def test_too_much_is_refused_in_a_sentence(tea, browser):
    answer = browser.post(f"{PLACE}stakes", data={"stake-key": "k", "stake-amount": "501"}, headers={"Referer": f"http://localhost{PLACE}"}, follow_redirects=True)
    assert "You do not have so many TEO available." in answer.text and 'value="501"' in answer.text
    assert balance(tea.id).staked == 0


def test_students_have_no_such_page(ana, log_in):
    assert log_in(ana).get(PLACE).status_code == 403
    assert log_in(ana).post(f"{PLACE}stakes").status_code == 403


def test_the_page_takes_as_many_statements_with_many_stakes(ana, tea, browser, statements):
    counts = []
    for number in (1, 2, 3):
        with transaction():
            staking.stake(f"s{number}", tea, teo(10))
        with statements() as seen:
            browser.get(PLACE)
        counts.append(len(seen))
    assert counts[1] == counts[2] <= 8
