"""Withdrawals that were decided are found again, with who decided and when."""

import re
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.desk import decided
from lms.domain.withdrawals import actions
from tests.blueprints.test_every_evidence import ready, release, settle
from tests.blueprints.test_evidence import words
from tests.blueprints.test_payouts import asked

PLACE = "/admin/payouts/decided"


@pytest.fixture
def four(ana, bruno, ada, member, chain):
    """Withdrawals approved, rejected, cancelled and given back, decided in this order, an hour between them, and asked for in the other."""
    users = ana, bruno, member("dora"), member("cleo")
    ready(*users)
    made = [asked(user, 300, key=f"w{number}", digits=f"{number}d") for number, user in enumerate(reversed(users))][::-1]
    deeds = (lambda one: actions.approve(one, ada), lambda one: actions.reject(one, ada, "A stolen card."), actions.cancel, lambda one: actions.approve(one, ada))
    for withdrawal, deed in zip(made, deeds, strict=True):
        clock.advance(timedelta(hours=1))
        with transaction():
            withdrawal.approvals_needed = 1
            deed(withdrawal)
    settle()
    release(made[3], is_failing=True)
    return made


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def found(browser, query=""):
    """Numbers of the cases on the page, in its order."""
    return [int(number) for number in re.findall(r'<a href="/admin/payouts/(\d+)"', browser.get(f"{PLACE}?{query}").text)]


def test_the_newest_decision_comes_first_and_says_who_and_what(four, browser):
    approved, rejected, cancelled, failed = four
    assert found(browser) == [failed.id, cancelled.id, rejected.id, approved.id]
    page = words(browser.get(PLACE).text)
    for said in ("Cleo Approved by Ada", "Dora Cancelled by its member", "Bruno Rejected by Ada", "Ana Approved by Ada"):
        assert said in page, said
    assert "A stolen card." in page and "given back" in page


def test_they_are_filtered_by_what_became_of_them(four, browser):
    assert [found(browser, f"outcome={outcome}") for outcome in decided.OUTCOMES] == [[withdrawal.id] for withdrawal in four]
    assert found(browser, "outcome=nonsense") == found(browser)
    assert "No withdrawal is like that." in browser.get(f"{PLACE}?outcome=approved&q=bruno").text


def test_they_are_found_by_member_and_by_where_they_go(four, browser):
    _approved, rejected, cancelled, _failed = four
    assert found(browser, "q=BRUNO") == found(browser, "q=bruno@example") == [rejected.id]
    assert found(browser, f"q={cancelled.to.upper().replace('0X', '0x')}") == found(browser, f"q={cancelled.to[:7]}") == [cancelled.id]
    assert found(browser, "q=_") == found(browser, "q=0x_") == found(browser, "q=%00%25") == []


def test_one_that_nobody_had_to_look_at_says_so_and_one_that_waits_is_not_there(ana, bruno, browser):
    with transaction():
        asked(ana, 300)
        ana.created_at = bruno.created_at = clock.now() - timedelta(days=100)
        alone = asked(bruno, 20, key="w2", digits="cd")
    assert alone.state == "approved" and found(browser) == [alone.id]
    page = words(browser.get(PLACE).text)
    assert "Bruno Nobody had to look at it" in page


def test_the_open_ones_are_found_by_the_same_word(ana, bruno, browser):
    first, second = asked(ana, 300), asked(bruno, 300, key="w2", digits="cd")
    page = browser.get("/admin/payouts?q=bruno").text
    assert f'href="/admin/payouts/{second.id}?q=bruno"' in page and f"/admin/payouts/{first.id}" not in page
    assert f"/admin/payouts/{first.id}?" not in browser.get(f"/admin/payouts/{second.id}?q=bruno").text
    assert 'href="/admin/payouts/decided">Decided' in page


def test_many_take_as_many_statements(four, browser, statements, member, ada):
    counts = []
    for number in range(2):
        with statements() as seen:
            assert len(found(browser)) == 4 + 2 * number
        counts.append(len(seen))
        for each in range(2 - 2 * number):
            with transaction():
                actions.reject(asked(member(f"emil{each}"), 300, key=f"more{each}", digits=f"{each}e"), ada, "No.")
    assert counts[0] == counts[1]


def test_a_page_of_them_takes_five_statements(four, statements):
    db.session.expunge_all()
    with statements() as seen:
        decided.page()
    assert len(seen) == 5
