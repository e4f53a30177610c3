"""What a withdrawal will take, by what the last ones took: nothing is said that nobody knows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain.models import Deployment, Entry, Operation
from lms.domain.withdrawals import quotes
from lms.domain.withdrawals.quotes import Pace, Quote
from tests.conftest import give, teo

RELEASE, BATCH = Pace(5, seconds=12, waited=0, gas=52_000, fee_wei=16), Pace(3, seconds=30, waited=240, gas=180_000, fee_wei=54)


def done(kind="release", seconds=(12,), gas=52_000, fee_wei=1_600_000_000_000_000, waited=None, oldest="target", state="final"):
    """Operations, oldest first, an hour apart, each mined after its own number of seconds; what they brought had `waited` so many."""
    number, deployment = db.session.query(Operation).count(), db.session.query(Deployment).one().id
    with transaction():
        for op, took in enumerate(seconds, number + 1):
            queued = clock.now() + timedelta(hours=op)
            moments = dict(queued_at=queued, sent_at=queued, mined_at=queued + timedelta(seconds=took), final_at=queued if state == "final" else None)
            facts = dict(key=f"{kind}:{op}", kind=kind, deployment_id=deployment, op=op, state=state)
            operation = Operation(**facts, **moments, tx_hash="0x" + "ef" * 32, block_number=7, gas_used=gas, fee_wei=fee_wei)
            db.session.add(operation)
            if waited is not None:
                _bring(operation, waited, oldest)


def _bring(operation, waited, oldest):
    """A leg of each kind, one of which has waited."""
    treasury, issuance = (books.platform("TEO", name) for name in ("treasury", "issuance"))
    entry = Entry(operation=operation, holder_id=books.holder_of(None).id, address="0x" + "34" * 20, kind="mint", amount=1, is_open=False)
    db.session.add(entry)
    db.session.flush()
    into = ledger.post(f"into {operation.key}", issuance, treasury, 2, "grant", evidence={"of": "a test"})
    out = ledger.post(f"out of {operation.key}", treasury, issuance, 1, "grant", evidence={"of": "a test"})
    into.target_entry_id = out.source_entry_id = entry.id
    into.at = out.at = operation.queued_at
    {"target": into, "source": out}[oldest].at -= timedelta(seconds=waited)


def mined(user, amount):
    """So many TEO stand at the member's address by what is mined."""
    with transaction():
        holder = books.holder_of(user.id)
        db.session.add(Entry(holder_id=holder.id, address="0x" + "12" * 20, kind="mint", amount=teo(amount), is_open=False))


@pytest.fixture
def rich(ana, chain):
    give(ana, 500)
    return ana


def test_it_goes_by_the_newest_twenty_of_a_kind(rich):
    done(seconds=[900] * 5, gas=90_000, fee_wei=9)
    done(seconds=[60] * 10, gas=60_000, fee_wei=6)
    done(seconds=[12] * 10, gas=52_000, fee_wei=5)
    assert quotes.quote(rich.id, teo(20)).release == Pace(20, seconds=12, waited=None, gas=52_000, fee_wei=5)


def test_what_is_not_final_teaches_nothing(rich):
    done(seconds=[12])
    done(seconds=[900, 900], state="mined")
    assert quotes.quote(rich.id, teo(20)).release.seconds == 12


@pytest.mark.parametrize("oldest", ["target", "source"])
def test_how_soon_a_batch_comes_is_how_long_the_oldest_in_one_waited_however_far_apart_they_are(rich, oldest):
    done("settle", [5] * 5, waited=900)
    done("settle", [5] * 10, waited=3600)
    done("settle", [5] * 10, waited=240, oldest=oldest)
    found = quotes.quote(rich.id, teo(20)).batch
    assert (found.count, found.waited) == (20, 240)


def test_a_batch_is_needed_until_all_of_it_is_mined(rich):
    mined(rich, 20)
    assert [quotes.quote(rich.id, amount).needs_batch for amount in (teo(20), teo(20) + 1)] == [False, True]


def test_who_waits_for_the_batch_waits_for_as_long_as_others_did():
    assert [Quote(True, RELEASE, BATCH).seconds(is_prompt) for is_prompt in (True, False)] == [12 + 30, 12 + 30 + 240]


def test_the_batch_that_is_made_for_it_is_in_the_sums_and_the_one_for_all_is_not():
    found = Quote(True, RELEASE, BATCH)
    assert (found.gas(True), found.fee_wei(True)) == (52_000 + 180_000, 16 + 54)
    assert (found.gas(False), found.fee_wei(False)) == (52_000, 16)


@pytest.mark.parametrize("is_prompt", [True, False])
def test_what_is_on_the_chain_takes_the_release_alone_whatever_is_chosen(is_prompt):
    found = Quote(False, RELEASE, BATCH)
    assert (found.seconds(is_prompt), found.gas(is_prompt), found.fee_wei(is_prompt)) == (12, 52_000, 16)


@pytest.mark.parametrize(("release", "batch"), [(None, None), (None, BATCH), (RELEASE, None)])
def test_a_sum_with_a_part_nobody_knows_is_not_known(release, batch):
    found = Quote(True, release, batch)
    assert (found.seconds(True), found.seconds(False), found.gas(True), found.fee_wei(True)) == (None,) * 4


def test_batches_that_brought_nothing_say_not_how_soon_one_comes():
    found = Quote(True, RELEASE, replace(BATCH, waited=None))
    assert (found.seconds(True), found.seconds(False)) == (42, None)


def test_three_statements_say_all_of_it(rich, statements):
    done(seconds=[12] * 3)
    user_id = rich.id
    with statements() as seen:
        quotes.quote(user_id, teo(20))
    assert len(seen) == 3
