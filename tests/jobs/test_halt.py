"""The kill switch on a real chain: what is not signed yet is not, and goes out when payouts go on."""

import threading
from types import SimpleNamespace

import pytest

from lms import live
from lms.db import db, transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Operation
from lms.domain.withdrawals import halt, queries, releases
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import chain, lanes, settlement
from lms.queue import enqueue, queue
from tests.jobs.acts import GREEN, OUTSIDE, ask, holdings
from tests.races import race


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
    withdrawal = ask(rich, 10)
    flow()
    with transaction():
        assert (states(), queries.approved(), releases.queue(withdrawal)) == (("approved", []), [], None)
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


def test_who_stops_payouts_learns_when_one_that_is_being_signed_is_over(rich, ada, app, flow, monkeypatch):
    """What begins to be signed afterwards is not; what had begun goes its way, and it is known when."""
    sign, seen = lanes.transactions.sign, []
    monkeypatch.setattr(halt, "PATIENCE", 0.1)

    def stop():
        with transaction():
            halt.stop("A key may be lost.", SimpleNamespace(id=admin_id, is_admin=True))
        seen.append(halt.are_others_over())

    def meanwhile(*asked):
        if not seen:
            other = threading.Thread(target=race, args=(app, [stop]))
            other.start()
            other.join()
        return sign(*asked)

    admin_id = ada.id
    ask(rich, 10)
    monkeypatch.setattr(lanes.transactions, "sign", meanwhile)
    flow()
    assert seen == [False] and states() == ("sent", ["final"]) and halt.is_stopped()
    with transaction():
        assert halt.are_others_over()


def test_one_that_an_operator_drops_is_given_back_all_the_same(rich, ada, worker, flow, audit):
    """Its number is used up, which pays nothing out."""
    withdrawal = ask(rich, 10)
    settlement.settle()
    throw(ada)
    with transaction():
        onchain.drop(withdrawal.operation)
    flow()
    assert (states(), holdings(OUTSIDE), audit()) == (("failed", ["failed"]), 0, GREEN)


@pytest.mark.parametrize("is_queued", [False, True])
def test_those_it_holds_up_are_known_and_signed_ones_are_not(is_queued, rich, ada, flow):
    withdrawal = ask(rich, 10)
    if is_queued:
        settlement.settle()
    throw(ada)
    flow()
    assert (states()[0], queries.held_up()) == ("queued" if is_queued else "approved", [(rich.id, withdrawal.id)])
    throw(ada, is_on=False)
    flow()
    assert (states()[0], queries.held_up()) == ("sent", [])


def test_one_dropped_between_its_simulation_and_its_signature_is_not_signed_as_it_was_simulated(rich, ada, flow, audit, monkeypatch):
    withdrawal, simulate = ask(rich, 10), lanes.Lane._simulate
    settlement.settle()
    operation_id = withdrawal.operation_id

    def dropped_meanwhile(lane, operation):
        call = simulate(lane, operation)
        with transaction():
            halt.stop("A key may be lost.", ada)
            onchain.drop(operation)
        return call

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(lanes.Lane, "_simulate", dropped_meanwhile)
        chain.submit(operation_id)
    assert states() == ("queued", ["queued"])
    flow()
    assert (states(), holdings(OUTSIDE), audit()) == (("failed", ["failed"]), 0, GREEN)


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
        withdrawal = ask(rich, 10)
        throw(ada)
        enqueue("announce.halt")
        run_jobs()
    finally:
        listener.close()
    assert told == [(rich.id, ("halt",)), (rich.id, ("halt",)), (rich.id, (f"withdrawal:{withdrawal.id}",))]
