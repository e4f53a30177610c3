"""The kill switch on a real chain: what is not signed yet is not, and goes out when payouts go on."""

import pytest

from lms import live
from lms.db import db, transaction
from lms.domain.onchain.models import Operation
from lms.domain.withdrawals import halt
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import lanes
from lms.queue import enqueue, queue
from tests.jobs.acts import GREEN, ask


def throw(ada, *, is_on=True):
    with transaction():
        if is_on:
            halt.stop("A key may be lost.", ada)
        else:
            halt.go_on(ada)


def states():
    db.session.expire_all()
    return db.session.query(Withdrawal).one().state, [each.state for each in db.session.query(Operation).filter_by(kind="release")]


def test_an_approved_one_is_not_queued_and_goes_out_afterwards(rich, ada, flow, audit):
    throw(ada)
    ask(rich, 10)
    flow()
    assert states() == ("approved", [])
    throw(ada, is_on=False)
    flow()
    assert (states(), audit()) == (("sent", ["final"]), GREEN)


@pytest.mark.parametrize("moment", ["before it is looked at", "between its simulation and its signature"])
def test_one_in_flight_is_stopped_before_it_is_signed(moment, rich, ada, flow, run_jobs, audit, monkeypatch):
    ask(rich, 10)
    simulate = lanes.Lane._simulate

    def stopped_meanwhile(lane, operation):
        call = simulate(lane, operation)
        if operation.kind == "release":
            db.session.rollback()
            throw(ada)
        return call

    with monkeypatch.context() as meanwhile:
        if moment == "before it is looked at":
            meanwhile.setattr(lanes.Lane, "room", lambda lane: 0)
        else:
            meanwhile.setattr(lanes.Lane, "_simulate", stopped_meanwhile)
        enqueue("settlement.settle")
        run_jobs()
    if moment == "before it is looked at":
        throw(ada)
    flow()
    assert states() == ("queued", ["queued"])
    throw(ada, is_on=False)
    flow()
    assert (states(), audit()) == (("sent", ["final"]), GREEN)


def test_it_is_sent_to_every_page_that_is_open(rich, ada, run_jobs, monkeypatch):
    told = []
    monkeypatch.setattr(live, "push", lambda user_id, *names: told.append((user_id, names)))
    listener = queue.redis.pubsub()
    listener.subscribe(live.channel(rich.id), live.channel(""))
    try:
        while len(queue.redis.pubsub_channels(live.channel("*"))) < 2:
            listener.get_message(timeout=1)
        enqueue("announce.halt")
        run_jobs()
    finally:
        listener.close()
    assert told == [(rich.id, ("halt",))]
