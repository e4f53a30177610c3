"""The job that tries a draft: its progress is seen, twice is once, and a worker killed over it is not the end of it."""

from datetime import timedelta

import pytest

from lms import clock, live
from lms.db import alone, db, transaction
from lms.domain.governance import backtests, drafts
from lms.domain.governance.models import Backtest
from lms.domain.rulebook.rules import Rules
from lms.jobs import backtests as jobs
from lms.jobs.time_limit import TimeIsUp
from tests.conftest import sell, teo


@pytest.fixture
def backtest(ada, ana, course):
    sell(ana, course)
    with transaction():
        draft = drafts.begin(ada)
        drafts.change(draft, ada, Rules(purchase_max_bp=100), 14)
        return backtests.ask(draft, ada)


@pytest.fixture
def pushed(monkeypatch, backtest):
    """What admins with an open page are sent, and how many days were done then."""
    seen = []

    def push(user_id, *names):
        seen.append((user_id, names, db.session.get_one(Backtest, backtest.id, populate_existing=True).days_done))

    monkeypatch.setattr(live, "listening", list)
    monkeypatch.setattr(live, "push", push)
    monkeypatch.setattr(jobs, "PAUSE", 0)
    return seen


def reloaded(backtest):
    db.session.expire_all()
    return backtest


def test_progress_grows_and_is_told_to_admins(backtest, pushed, ada):
    jobs.run(backtest.id)
    assert {(user_id, names) for user_id, names, _ in pushed} == {(ada.id, (f"backtest:{backtest.draft_id}",))}
    assert [days for _, _, days in pushed] == [*range(90), 90]
    assert reloaded(backtest).state == "done" and backtest.result["cost"]["purchase_max_bp"][1][-1] == teo(0.8)


def test_run_twice_it_is_run_once(backtest, pushed):
    jobs.run(backtest.id)
    finished_at, told = reloaded(backtest).finished_at, len(pushed)
    clock.advance(timedelta(minutes=1))
    jobs.run(backtest.id)
    assert (reloaded(backtest).finished_at, backtest.tries, len(pushed)) == (finished_at, 1, told)


def test_while_one_worker_is_at_it_another_is_not(backtest, pushed):
    with alone(f"backtest {backtest.id}"):
        jobs.run(backtest.id)
    assert reloaded(backtest).state == "queued" and pushed == []


def test_a_worker_that_is_killed_midway_is_followed_by_another(backtest, pushed, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "enqueue", lambda *job: asked.append(job))
    note = backtests.note

    def die(*values):
        note(*values)
        if values[2] == 30:
            db.session.commit()
            raise SystemExit  # as little is caught as of a kill
        return True

    monkeypatch.setattr(backtests, "note", die)
    with pytest.raises(SystemExit):
        jobs.run(backtest.id)
    db.session.rollback()
    assert (reloaded(backtest).state, backtest.days_done) == ("running", 30)
    monkeypatch.setattr(backtests, "note", note)
    jobs.sweep()
    assert asked == []
    clock.advance(backtests.SILENCE + timedelta(seconds=1))
    jobs.sweep()
    assert asked == [("backtests.run", backtest.id)]
    jobs.run(backtest.id)
    assert (reloaded(backtest).state, backtest.tries, backtest.days_done) == ("done", 2, 90)


def test_a_draft_changed_meanwhile_stops_it(backtest, pushed, ada, monkeypatch):
    note = backtests.note

    def change(*values):
        if values[2] == 30:
            drafts.change(backtest.draft, ada, Rules(purchase_max_bp=50), 14)
            backtests.ask(backtest.draft, ada)
        return note(*values)

    monkeypatch.setattr(backtests, "note", change)
    jobs.run(backtest.id)
    assert (reloaded(backtest).state, backtest.error, backtest.result) == ("failed", "changed", None)
    assert backtests.newest(backtest.draft_id).state == "queued"


@pytest.mark.parametrize("error", ["fault", "timeout"])
def test_what_goes_wrong_is_said(backtest, pushed, monkeypatch, error):
    def breaks(*_):
        raise TimeIsUp if error == "timeout" else RuntimeError("a row nobody thought of")

    monkeypatch.setattr(backtests, "run", breaks)
    jobs.run(backtest.id)
    assert (reloaded(backtest).state, backtest.error) == ("failed", error) and len(pushed) == 1
