"""Statements foot, whatever moved."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.wallet import statements
from lms.domain.wallet.queries import balance, movements
from lms.errors import Invalid
from tests import rows
from tests.conftest import give, teo

PARTS = ("available", "maturing", "staked", "unbonding", "reserved")


def today():
    return clock.now().date()


def test_opening_lines_and_closing(ana):
    give(ana, 50)
    clock.advance(timedelta(days=40))
    with transaction():
        ledger.post("bind", books.member(ana.id, "TEO", "available"), books.member(ana.id, "TEO", "staked"), teo(20), "staked", evidence={"by": "test"})
        ledger.post("out", books.member(ana.id, "TEO", "available"), books.platform("TEO", "outside"), teo(5), "withdrawal sent", evidence={"by": "test"})
    found = statements.statement(ana.id, today(), today(), "UTC")
    assert (found.opening_total, found.closing_total) == (teo(50), teo(45))
    assert [(line.amount, line.moved, line.total, line.source, line.target) for line in found.lines] == [(0, teo(20), teo(50), "available", "staked"), (-teo(5), teo(5), teo(45), "available", "")]
    assert (found.closing["staked"], found.closing["available"]) == (teo(20), teo(25))


def test_what_is_booked_while_it_is_read_is_in_it(ana, monkeypatch):
    give(ana, 50)
    read = statements._rows

    def read_and_book(values):
        found = read(values)
        if not booked:
            booked.append(give(ana, 1))
        return found

    booked = []
    monkeypatch.setattr(statements, "_rows", read_and_book)
    assert statements.statement(ana.id, today(), today(), "UTC").closing_total == teo(51)


def test_a_debt_is_no_part_and_stands_beside_them(ana):
    give(ana, 10)
    with transaction():
        ledger.post("out", books.member(ana.id, "TEO", "available"), books.platform("TEO", "outside"), teo(7), "withdrawal sent", evidence={"by": "test"})
        debts.take_back("back", [books.member(ana.id, "TEO", "available")], books.platform("TEO", "issuance"), teo(5), "refund", evidence={"by": "test"})
    give(ana, 1)
    found = statements.statement(ana.id, today(), today(), "UTC")
    assert (found.closing_total, found.closing["debt"]) == (0, -teo(1))
    assert found.opening_total + sum(line.amount for line in found.lines) == 0


def test_wallet_and_statement_say_the_same_of_each_line_of_a_debt(ana):
    give(ana, 10)
    with transaction():
        ledger.post("bind", books.member(ana.id, "TEO", "available"), books.member(ana.id, "TEO", "staked"), teo(2), "staked", evidence={"by": "test"})
        debts.take_back("back", [books.member(ana.id, "TEO", "available")], books.platform("TEO", "issuance"), teo(9), "refund", evidence={"by": "test"})
    give(ana, 5)
    lines = statements.statement(ana.id, today(), today(), "UTC").lines
    said = [(line.reason, line.amount, line.moved) for line in lines]
    assert said == [(row.reason, row.amount, row.moved) for row in reversed(movements(ana.id))]
    assert [amount for _, amount, _ in said] == [teo(10), 0, -teo(8), 0, teo(5), -teo(1)]
    assert sum(amount for _, amount, _ in said) == balance(ana.id).total


def test_a_day_is_the_members_own(ana):
    give(ana, 1)
    with transaction():
        db.session.execute(statements.text("UPDATE transfers SET at = '2026-03-31 22:30:00+00'"))
    assert len(statements.statement(ana.id, date(2026, 4, 1), date(2026, 4, 30), "Europe/Rome").lines) == 1
    assert statements.statement(ana.id, date(2026, 4, 1), date(2026, 4, 30), "UTC").lines == []


def test_others_are_not_in_it(ana, bruno):
    give(bruno, 5)
    assert statements.statement(ana.id, today(), today(), "UTC").lines == []


@pytest.mark.parametrize(("first", "last", "said"), [(0, -1, "before the first"), (-366, 0, "366 days")])
def test_days_that_are_none_are_refused(first, last, said, ana):
    with pytest.raises(Invalid, match=said):
        statements.statement(ana.id, today() + timedelta(days=first), today() + timedelta(days=last), "UTC")


def test_more_lines_than_a_paper_holds_are_refused(ana, monkeypatch):
    monkeypatch.setattr(statements, "MOST_LINES", 1)
    give(ana, 1)
    give(ana, 2)
    with pytest.raises(Invalid, match="more than 1 lines"):
        statements.statement(ana.id, today(), today(), "UTC")


def test_one_that_does_not_foot_is_not_given_out(ana, monkeypatch):
    give(ana, 1)
    monkeypatch.setattr(statements, "_parts", lambda user_id, moment: dict.fromkeys((*PARTS, "debt"), 0))
    with pytest.raises(statements.DoesNotFoot):
        statements.statement(ana.id, today(), today(), "UTC")


STEP = st.tuples(st.sampled_from(("in", "out", "move", "take back", "days")), st.sampled_from(PARTS), st.sampled_from(PARTS), st.integers(1, 10**9))


def test_it_foots_for_any_movements(app, member):
    before = rows.everything()

    @settings(max_examples=25, deadline=None)
    @given(steps=st.lists(STEP, max_size=25))
    def check(steps):
        rows.empty()
        rows.put(before)
        user = member("ana")
        begin = today()
        for number, step in enumerate(steps):
            _move(user, number, *step)
        found = statements.statement(user.id, begin, min(today() + timedelta(days=1), begin + timedelta(days=365)), "Europe/Rome")
        assert found.opening_total + sum(line.amount for line in found.lines) == found.closing_total
        if today() <= begin + timedelta(days=364):
            assert found.closing_total == balance(user.id).total  # nothing is later

    check()


def _move(user, number, what, first, second, amount):
    one, other, issuance = (books.member(user.id, "TEO", first), books.member(user.id, "TEO", second), books.platform("TEO", "issuance"))
    if what == "days":
        clock.advance(timedelta(hours=amount % 100))
        return
    with transaction():
        if what == "in":
            ledger.post(f"k{number}", issuance, one, amount, "grant", evidence={"by": "test"})
        elif what == "take back":
            debts.take_back(f"k{number}", [one], issuance, min(amount, -issuance.balance), "refund", evidence={"by": "test"}) if issuance.balance else None
        elif what == "out" and min(one.balance, -issuance.balance):
            ledger.post(f"k{number}", one, issuance, min(amount, one.balance, -issuance.balance), "refund", evidence={"by": "test"})
        elif what == "move" and one.balance and first != second:
            ledger.post(f"k{number}", one, other, min(amount, one.balance), "moved", evidence={"by": "test"})
