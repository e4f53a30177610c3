"""The numbers of an admin's home: what they are now, and how they went."""

from datetime import UTC, timedelta

import pytest

from lms import clock
from lms.chain.rpc import Block
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.checkout.payment_models import Dispute
from lms.domain.desk import home_figures, home_trends
from lms.domain.desk.snapshot_models import Snapshot
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Deployment, Operation
from lms.jobs import snapshots
from tests.conftest import teo

SIGNER, RETIRED = "0x" + "cd" * 20, "0x" + "ef" * 20


def noted(*values, name="incidents"):
    """So many days before today, oldest first; None leaves a day out."""
    with transaction():
        for ago, value in zip(range(len(values), 0, -1), values, strict=True):
            home_trends.keep(today() - timedelta(days=ago), {name: value})


def today():
    return clock.now().astimezone(UTC).date()


def rows():
    return {(row.day, row.name): row.value for row in db.session.query(Snapshot)}


def test_of_a_day_the_last_number_stays(app):
    for value in (3, 5, None):
        with transaction():
            home_trends.note({"incidents": value})
    first = today()
    clock.advance(timedelta(days=1))
    with transaction():
        home_trends.note({"incidents": 4, "lag": None})
    assert rows() == {(first, "incidents"): 5, (first + timedelta(days=1), "incidents"): 4}


def test_a_trend_is_of_fourteen_days_and_ends_with_what_is_now(app):
    noted(*range(100, 120))
    with transaction():
        home_trends.note({"incidents": 50})
    trend = home_trends.of({"incidents": 7})["incidents"]
    assert [value for _, value in trend.points] == [*range(107, 120), 7]
    assert [trend.points[0][0], trend.points[-1][0]] == [today() - timedelta(days=13), today()]


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ((9, 1, 2, 3, 4, 5, 6, 7, 8), 8, (6, 7)),
        ((4, 3), 1, (-3, 2)),  # known for two days only
        ((5, 5), 5, (0, 2)),
        ((6, 2, None, None, None, None, None, None), 9, (7, 7)),
        ((6, None, None, None, None, None, None, None), 9, (3, 8)),  # the nearest day
        ((), 5, None),
        ((5, 5), None, None),
    ],
)
def test_a_change_is_told_over_seven_days_or_the_nearest_that_are_known(app, before, now, change):
    noted(*before)
    assert home_trends.of({"incidents": now})["incidents"].change == change


def test_what_is_not_counted_any_more_is_not_shown(app):
    noted(1, 2, name="runway 0xgone")
    assert home_trends.of({"incidents": 1}) == {"incidents": home_trends.Trend(1, ((today(), 1),))}


def test_the_numbers_are_those_of_our_rows(chain, ana):
    with transaction():
        audit.open_incident("payment held", "pay_1")
        facts = dict(gateway="sandbox", payment_reference="pay", amount=1, opened_at=clock.now())
        db.session.add_all([Dispute(reference="one", **facts), Dispute(reference="two", state="won", **facts)])
        db.session.query(Deployment).one().scanned_block = 95
        onchain.see_chain(Block(100, "0x0", 0, 1))
        signer_lanes.see_signer(SIGNER, teo(70), 0), signer_lanes.see_signer(RETIRED, teo(70), 0)
        signer_lanes.retire(RETIRED)
        spent = dict(key="k", kind="settle", state="final", deployment_id=1, op=1, signer=SIGNER, queued_at=clock.now(), mined_at=clock.now() - timedelta(days=20))
        db.session.add(Operation(**spent, fee_wei=teo(70)))
        db.session.add(Operation(**spent | dict(key="l", op=2, mined_at=clock.now() - timedelta(days=1)), fee_wei=teo(70)))
    counted = {name: value for name, value in home_figures.now().items() if value != 0}
    assert counted == {"incidents": 1, "disputes": 1, "lag": 5, f"runway {SIGNER}": 7}


def test_an_index_ahead_of_the_head_is_behind_nothing(chain):
    with transaction():
        db.session.query(Deployment).one().scanned_block = 95
        onchain.see_chain(Block(90, "0x0", 0, 1))
    assert home_figures.now()["lag"] == 0


def test_what_nobody_has_seen_is_not_a_number(app):
    assert home_figures.now()["lag"] is None


def test_a_runway_that_needs_nobody_is_as_long_as_the_longest(chain):
    with transaction():
        signer_lanes.see_signer(SIGNER, 10**22, 0)
        facts = dict(key="k", kind="settle", state="final", deployment_id=1, op=1, signer=SIGNER, queued_at=clock.now(), mined_at=clock.now())
        db.session.add(Operation(**facts, fee_wei=1))
    assert home_figures.now()[f"runway {SIGNER}"] == home_figures.LONGEST


def test_the_job_notes_them_with_the_jobs_that_failed(app, monkeypatch):
    monkeypatch.setattr("lms.failed_jobs.count", lambda: 2)
    snapshots.take()
    snapshots.take()
    kept = rows()
    assert kept[today(), "failed jobs"] == 2 and kept[today(), "applications"] == 0
    assert {name for _, name in kept} == {"applications", "courses", "disputes", "cases new", "cases waiting", "cases late", "payouts", "payouts to pay", "drafts", "failed mails", "incidents", "failed jobs"}


def test_without_redis_the_job_notes_the_rest(app, monkeypatch):
    monkeypatch.setattr("lms.failed_jobs.count", lambda: None)
    snapshots.take()
    assert (today(), "failed jobs") not in rows() and rows()[today(), "incidents"] == 0
