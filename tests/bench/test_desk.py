"""The case that is measured is one the ledger could hold. How long it takes is for `make bench`."""

from bench import desk
from lms.db import db, transaction
from lms.domain.desk import cases, provenance
from lms.domain.ledger import queries as books
from lms.domain.withdrawals.models import Withdrawal


def test_all_that_is_asked_for_was_earned_in_a_ledger_without_a_fault(app, monkeypatch):
    monkeypatch.setattr(desk, "COURSES", 2)
    monkeypatch.setattr(desk, "LESSONS", 40)
    monkeypatch.setattr(desk, "OTHERS", 1)
    with transaction():
        path = desk.case()
    withdrawal = db.session.query(Withdrawal).one()
    traced = provenance.of(withdrawal)
    assert path == f"/admin/payouts/{withdrawal.id}"
    assert traced.amount == withdrawal.amount == 2 * 40 * desk.EACH and traced.credits >= 2 * 40
    assert (books.wrong_balances(), books.unbalanced_assets()) == (0, 0)


def test_what_waits_in_the_queue_is_of_each_kind(app, ada, monkeypatch):
    monkeypatch.setattr(desk, "CASES", 40)
    monkeypatch.setattr(desk, "ASKING", 3)
    with transaction():
        desk.queue(ada)
    totals = {which: cases.queue("age", which, by=ada).total for which in cases.FILTERS}
    assert totals == {"": 40, "mine": 30, "clean": 30, "risky": 10, "held": 0, "second": 10}
    assert [len(withdrawal.standing) for withdrawal in cases.queue("amount", "second").items] == [1] * 10
