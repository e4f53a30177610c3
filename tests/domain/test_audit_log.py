"""The log of decisions: each is in it, in the order of the commits, and none is changed or taken out unseen."""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, text, update

from lms import clock
from lms.db import db, in_turn, transaction
from lms.domain.accounts import membership
from lms.domain.audit import actions as audit
from lms.domain.audit import log, log_queries
from lms.domain.audit.models import Incident, LogEntry
from tests.races import race


def rows():
    return db.session.query(LogEntry).order_by(LogEntry.number).all()


@pytest.fixture
def three(ada, bruno):
    """Three transactions, of which the second wrote two rows."""
    with transaction():
        log.record("part stopped", "part settlement", ada, reason="Zählen – dann weiter.", amounts=[10**15, 2])
    with transaction():
        membership.set_role(bruno, "teacher", ada)
        membership.suspend(bruno, ada, "We look into it.")
    with transaction():
        log.record("rulebook announced", "rulebook 2")


def test_rows_are_numbered_as_they_are_committed_and_stand(three, ada, bruno):
    assert [(row.number, row.action, row.subject, row.by_id) for row in rows()] == [
        (1, "part stopped", "part settlement", ada.id),
        (2, "role changed", f"member {bruno.id}", ada.id),
        (3, "member suspended", f"member {bruno.id}", ada.id),
        (4, "rulebook announced", "rulebook 2", None),
    ]
    assert log.first_altered() is None and log.head() == (4, rows()[-1].hash)
    db.session.expire_all()
    assert rows()[0].details == {"reason": "Zählen – dann weiter.", "amounts": [10**15, 2]}


@pytest.mark.parametrize(
    "change",
    [{"by_id": None}, {"action": "part started"}, {"subject": "member 0"}, {"details": {"before": "student", "after": "admin"}}, {"at": clock.now() - timedelta(days=1)}, {"hash": "0" * 64}],
    ids=lambda change: next(iter(change)),
)
def test_the_first_row_that_was_altered_is_named(change, three):
    with transaction():
        db.session.execute(update(LogEntry).where(LogEntry.number == 2).values(change))
    assert log.first_altered() == 2


def test_one_whose_hash_was_made_anew_shows_in_the_next(three):
    with transaction():
        second = rows()[1]
        second.details = second.details | {"after": "admin"}
        second.hash = log._hash(rows()[0].hash, second)
    assert log.first_altered() == 3


@pytest.mark.parametrize("number", [0, -5])
def test_one_put_in_before_the_first_is_named(number, three):
    with transaction():
        forged = LogEntry(at=clock.now(), action="role changed", subject="member 1", number=number, hash=log.GENESIS)
        db.session.add(forged)
    assert log.first_altered() == number


@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_that_is_gone_is_named(number, three):
    with transaction():
        db.session.execute(delete(LogEntry).where(LogEntry.number == number))
    assert log.first_altered() == number


def test_that_the_end_was_cut_off_is_known_to_who_kept_the_head(three):
    kept = log.head()
    assert log.first_altered(kept) is None
    with transaction():
        db.session.execute(delete(LogEntry).where(LogEntry.number == 4))
    assert (log.first_altered(), log.first_altered(kept)) == (None, 4)
    with transaction():
        log.record("rulebook announced", "rulebook 3")
    assert (log.first_altered(), log.first_altered(kept)) == (None, 4)


def test_what_was_rolled_back_leaves_no_row_and_no_gap(three, ada):
    with pytest.raises(ZeroDivisionError), transaction():
        log.record("part stopped", "part signing", ada)
        raise ZeroDivisionError
    with transaction():
        with pytest.raises(ZeroDivisionError), db.session.begin_nested():
            log.record("part stopped", "part signing", ada)
            raise ZeroDivisionError
        with db.session.begin_nested():
            log.record("part started", "part signing", ada)
    assert [(row.number, row.action) for row in rows()[4:]] == [(5, "part started")] and log.first_altered() is None


def put_in(**facts):
    """A row that somebody wrote past us, committed."""
    with transaction():
        db.session.add(LogEntry(at=clock.now(), action="role changed", subject="member 1", details={}, **facts))


def test_a_row_put_in_by_hand_is_taken_into_no_chain(three, ada):
    put_in()
    with transaction():
        log.record("part stopped", "part signing", ada)
    assert [(row.number, row.subject) for row in db.session.query(LogEntry).order_by(LogEntry.id)][-2:] == [(None, "member 1"), (5, "part signing")]
    assert (log.strays(), log.first_altered(), log.head().number) == (1, None, 5)


def test_one_put_in_where_a_decision_was_rolled_back_is_none_of_ours(three, ada):
    with pytest.raises(ZeroDivisionError), transaction():
        log.record("part stopped", "part signing", ada)
        gone = db.session.query(LogEntry.id).filter_by(subject="part signing").scalar()
        raise ZeroDivisionError
    put_in(id=gone)
    with transaction():
        log.record("part started", "part signing", ada)
    assert log.strays() == 1 and db.session.query(LogEntry.number).filter_by(id=gone).scalar() is None


def test_what_was_recorded_before_a_savepoint_that_failed_stays(three, ada):
    with transaction():
        log.record("part stopped", "part signing", ada)
        with pytest.raises(ZeroDivisionError), db.session.begin_nested():
            raise ZeroDivisionError
    assert (log.strays(), log.head().number, log.first_altered()) == (0, 5, None)


def test_more_rows_than_are_read_at_a_time_are_looked_at(three, monkeypatch):
    monkeypatch.setattr(log, "_PART", 2)
    assert log.first_altered() is None
    with transaction():
        db.session.execute(update(LogEntry).where(LogEntry.number == 4).values(subject="rulebook 9"))
    assert log.first_altered() == 4


def test_twenty_who_decide_at_once_make_one_chain(app, ada):
    """Each with a lock that another wants next: the log's is the last that anybody takes."""
    by_id = ada.id
    db.session.commit()

    def decide(number):
        log.record("part stopped", f"part {number}", by=SimpleNamespace(id=by_id))
        in_turn(f"something else {number % 2}")
        in_turn("the last thing")

    race(app, [partial(decide, number) for number in range(20)])
    assert [row.number for row in rows()] == list(range(1, 21)) and log.first_altered() is None
    assert {row.subject for row in rows()} == {f"part {number}" for number in range(20)}


def test_what_stands_already_is_not_noted_again(ada, bruno):
    for _ in range(2):
        with transaction():
            audit.stop("signing", "Looked at by hand.", ada)
            membership.suspend(bruno, ada, "We look into it.")
    for _ in range(2):
        with transaction():
            audit.start("signing", ada)
            membership.let_in(bruno, ada)
    assert [row.action for row in rows()] == ["part stopped", "member suspended", "part started", "member let in"]


def test_an_incident_that_is_closed_says_by_whom_and_how(ada):
    with transaction():
        audit.open_incident("payments differ", "stripe:pay_1")
        audit.close_incident(db.session.query(Incident).one(), ada, "Asked the bank.")
    assert rows()[0].details == {"kind": "payments differ", "about": "stripe:pay_1", "note": "Asked the bank."}


READ = text("SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class WHERE relname LIKE '%audit_log%'")  # rows, and entries of its indexes


def test_who_is_named_in_it_is_found_without_reading_it_all(ada, bruno):
    with transaction():
        for who in [ada] * 200 + [bruno] * 100 + [None] * 100:
            log.record("part stopped", "part settlement", who)
    before = db.session.scalar(READ)
    assert sorted(log_queries.author_ids()) == sorted([ada.id, bruno.id])
    assert db.session.scalar(READ) - before < 200, "of four hundred; rows as they were before they had a number are read, too"
