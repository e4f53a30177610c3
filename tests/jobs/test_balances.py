"""What the chain holds, compared with the ledger and kept for the pages."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import chain_observations, clock, health
from lms.db import db, transaction
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.onchain import actions as onchain
from lms.domain.wallet import queries as wallets
from lms.domain.wallet import reconciliation
from lms.jobs import balances, stuck_transactions
from lms.queue import queue
from tests.conftest import teo
from tests.jobs.acts import ask, credit


@pytest.fixture
def address(rich):
    return wallets.wallet_of(rich.id).address


def test_what_an_address_holds_is_served_with_its_age(address, worker):
    before = clock.now()
    balances.compare()
    seen = chain_observations.of(address)
    assert seen.amount == teo(50) and before <= seen.at <= clock.now()
    assert seen.block > 0


def test_an_address_nobody_looked_at_is_not_known(worker):
    assert chain_observations.of("0x" + "99" * 20) is None


def test_with_redis_down_it_is_not_known(address, worker, monkeypatch):
    balances.compare()
    from redis import Redis

    monkeypatch.setattr(queue, "redis", Redis(port=1))
    assert chain_observations.of(address) is None


def test_what_is_on_its_way_is_no_difference(rich, worker, audit):
    credit(rich, teo(5), "more")
    ask(rich, 20)
    from lms.jobs import settlement

    settlement.settle()
    balances.compare()
    assert db.session.query(Incident).count() == 0
    assert not switches.is_stopped("settlement")


@pytest.mark.parametrize(("kind", "asked"), [("settle", True), ("certificates", False), ("root", False)])
def test_the_token_is_asked_only_for_numbers_of_its_own(kind, asked, worker):
    with transaction():
        operation = onchain.queue(f"{kind}:1", kind, [])
    assert (operation.op in reconciliation.ops_in_flight()) is asked


def test_one_that_is_gone_at_the_next_look_is_forgotten(rich, worker):
    for change in ("+ 1", "- 1", "+ 1"):
        with transaction():
            db.session.execute(text(f"UPDATE entries SET amount = amount {change}"))
        balances.compare()
        clock.advance(timedelta(seconds=60))
    assert db.session.query(Incident).count() == 0


def test_a_difference_that_stays_stops_settlement_and_is_told(rich, ada, worker, client, log_in, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 30)  # seconds: what is told is looked at, not how soon
    with transaction():
        db.session.execute(text("UPDATE entries SET amount = amount + 1"))
    balances.compare()
    assert db.session.query(Incident).count() == 0, "what moves while we read looks like this once"
    clock.advance(timedelta(seconds=60))
    balances.compare()
    incident = db.session.query(Incident).one()
    assert (incident.kind, incident.details["entries_not_their_legs"]) == ("ledger and chain differ", 1)
    assert switches.is_stopped("settlement")
    stuck_transactions.sweep()  # which sees the chain: it is not silence that is told
    sentence = "settlement stands still until an admin has looked"
    assert sentence in client.get("/health/ready").json["chain"]["sentence"]
    assert sentence in log_in(ada).get("/admin/").text
