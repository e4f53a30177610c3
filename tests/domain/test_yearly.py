"""A teacher's year in euros: from the ledger, and it foots."""

from datetime import UTC, datetime, timedelta

import pytest

from lms import clock
from lms.db import transaction
from lms.domain.checkout import refunds, splits, yearly
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.withdrawals import payouts
from tests.conftest import give, publish, sell
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def new_year(app):
    """It is the first of February of the year after the next one begins: nothing of the test falls into two years by chance."""
    clock.advance(datetime(clock.now().year + 1, 2, 1, 12, tzinfo=UTC) - clock.now())
    return clock.now().year


@pytest.fixture
def tea(new_year, tea):
    return tea


def mature(days=31):
    clock.advance(timedelta(days=days))
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)


def pay_out(user, admin, amount, key="k"):
    with transaction():
        bank_of(user)
        payout = payouts.request(key, user, amount)
        payouts.approve(payout, admin)
        payouts.mark_paid(payout, admin, f"SCT {key}")


def told(lines):
    return [(line.what, line.count, line.amount) for line in lines]


def test_a_year_of_sales_refunds_and_payouts_foots(new_year, ana, bruno, tea, ada):
    knots, bees = publish(tea, "Knots", price=10_000), publish(tea, "Bees", price=2000)
    sell(ana, knots, "p1")
    sell(bruno, knots, "p2")
    sell(ana, bees, "p3")
    with transaction():
        refunds.refund(sell(bruno, bees, "p4"))
    mature()
    pay_out(tea, ada, 8000)
    found = yearly.statement(tea, new_year)
    assert told(found.sales) == [("Bees", 2, 2000), ("Knots", 2, 10_000)]
    assert told(found.refunds) == [("Bees", 1, -1000)]
    assert [(line.what, line.amount, line.reference) for line in found.payouts] == [("DE89 … 3000", -8000, "SCT k")]
    assert (found.opening, found.closing, found.others) == (0, 3000, [])
    assert found.foots


def test_what_one_year_closes_with_the_next_one_opens_with(new_year, ana, bruno, tea, ada):
    course = publish(tea, "Knots", price=10_000)
    sell(ana, course, "p1")
    clock.advance(timedelta(days=350))
    mature()
    sell(bruno, course, "p2")
    pay_out(tea, ada, 2000)
    first, second = yearly.statement(tea, new_year), yearly.statement(tea, new_year + 1)
    assert (first.opening, first.closing, first.is_over) == (0, 5000, True)
    assert (second.opening, second.closing, second.is_over) == (5000, 8000, False)
    assert told(second.sales) == [("Knots", 1, 5000)] and first.foots and second.foots
    assert second.last <= clock.now()


def test_a_payout_that_waits_or_was_given_back_moves_nothing_across(new_year, ana, tea, ada):
    sell(ana, publish(tea, "Knots", price=10_000), "p1")
    mature()
    with transaction():
        bank_of(tea)
        payouts.request("a", tea, 1000)
        payouts.reject(payouts.request("b", tea, 1000), ada, "x")
    found = yearly.statement(tea, new_year)
    assert found.payouts == [] and found.closing == 5000 and found.foots


def test_a_sale_decided_anew_is_one_sale_with_what_it_brought_in_the_end(new_year, ana, tea):
    give(ana, 50)
    order = sell(ana, publish(tea, "Knots", price=10_000), level_bp=1000)
    for is_accepted in (False, True):
        with transaction():
            splits.decide(order, tea, is_accepted)
    found = yearly.statement(tea, new_year)
    assert told(found.sales) == [("Knots", 1, 4000)] and found.foots


def test_a_refund_after_a_payout_leaves_a_debt_and_foots(new_year, ana, tea, ada):
    order = sell(ana, publish(tea, "Knots", price=10_000), "p1")
    mature(13)
    with transaction():
        accounts = books.of_member(tea.id)
        ledger.post("early", accounts["EUR", "maturing"], accounts["EUR", "available"], 5000, "matured", evidence={"by": "test"})
    pay_out(tea, ada, 5000)
    with transaction():
        refunds.refund(order)
    found = yearly.statement(tea, new_year)
    assert (found.closing, books.euros_of(tea.id)["debt"]) == (-5000, -5000) and found.foots


def test_anything_else_is_a_line_by_its_reason(new_year, tea):
    with transaction():
        for number in (1, 2):
            ledger.post(f"gift {number}", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 700, "grant", evidence={"by": "test"})
    found = yearly.statement(tea, new_year)
    assert told(found.others) == [("grant", 2, 1400)] and found.foots


def test_a_line_that_is_missing_is_noticed(new_year, ana, tea):
    sell(ana, publish(tea, "Knots", price=10_000), "p1")
    found = yearly.statement(tea, new_year)
    found.sales.pop()
    assert not found.foots


def test_one_whose_sales_are_missing_is_not_given_out(new_year, ana, tea, monkeypatch):
    sell(ana, publish(tea, "Knots", price=10_000), "p1")
    monkeypatch.setattr(yearly, "_KINDS", yearly._KINDS | {"sales": "none of them"})
    with pytest.raises(yearly.DoesNotFoot):
        yearly.statement(tea, new_year)


def test_the_year_turns_by_the_members_clock(new_year, ana, tea):
    with transaction():
        tea.time_zone = "Pacific/Auckland"
    course = publish(tea, "Knots", price=10_000)
    clock.advance(datetime(new_year, 12, 31, 18, tzinfo=UTC) - clock.now())
    sell(ana, course, "p1")
    assert told(yearly.statement(tea, new_year + 1).sales) == [("Knots", 1, 5000)]
    assert yearly.statement(tea, new_year).sales == []


def test_nobody_elses_euros_are_in_it(new_year, ana, tea, member):
    sell(ana, publish(tea, "Knots", price=10_000), "p1")
    ugo = member("ugo", role="teacher")
    found = yearly.statement(ugo, new_year)
    assert (found.lines, found.closing) == ([], 0)


def test_years_go_from_the_first_to_this_one(new_year, tea):
    assert yearly.years(tea) == [new_year]
    clock.advance(timedelta(days=700))
    assert yearly.years(tea) == [new_year + 2, new_year + 1, new_year]


def test_however_many_sales_there_are_it_takes_as_many_statements(new_year, ana, tea, statements):
    counts = []
    for number in (1, 2, 3):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"p{number}")
        with statements() as seen:
            yearly.statement(tea, new_year)
        counts.append(len(seen))
    assert counts[1] == counts[2] <= 2
