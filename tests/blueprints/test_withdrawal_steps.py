"""How far a withdrawal is, on its own page: what is done, what goes on now and what is to come; until when it may be cancelled, and from when its operation is there."""

import re
from types import SimpleNamespace

import pytest

from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Entry
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import releases
from tests.blueprints.test_wallet import give_address
from tests.conftest import address_of, give, teo

HASH = "0x" + "5e" * 32


@pytest.fixture
def rich(ana, chain):
    """Ana with 500 TEO, all of them at her address by what is mined."""
    give(ana, 500)
    give_address(ana)
    with transaction():
        db.session.add(Entry(holder_id=books.holder_of(ana.id).id, address="0x" + "12" * 20, kind="mint", amount=teo(500), is_open=False))
        onchain.see_chain(SimpleNamespace(number=1, timestamp=1, base_fee=0))
    return ana


@pytest.fixture
def withdrawal(rich):
    """Just asked for, of as much as an admin looks at."""
    with transaction():
        return withdrawals.request("w1", rich, address_of(rich).id, teo(300))


@pytest.fixture
def small(rich):
    """Just asked for, and nobody needs to look at it."""
    with transaction():
        return withdrawals.request("w2", rich, address_of(rich).id, teo(20))


def check(withdrawal, admin):
    withdrawals.check(withdrawal)


def approve(withdrawal, admin):
    withdrawals.approve(withdrawal, admin)


def reject(withdrawal, admin):
    withdrawals.reject(withdrawal, admin, "Write to us first.")


def cancel(withdrawal, admin):
    withdrawals.cancel(withdrawal)


def freeze(withdrawal, admin):
    accounts.freeze(withdrawal.user)


def queue(withdrawal, admin):
    assert releases.queue(withdrawal)


def send(withdrawal, admin):
    withdrawal.operation.state = "signed"
    onchain.mark_sent(withdrawal.operation, HASH)


def mine(withdrawal, admin):
    facts = dict(tx_hash=HASH, block_number=48_201, block_hash="0x" + "aa" * 32, gas_used=52_000, effective_gas_price=10**9)
    onchain.mark_mined(withdrawal.operation, SimpleNamespace(**facts))


def land(withdrawal, admin):
    mine(withdrawal, admin)
    onchain.close_entries(withdrawal.operation)


def stop(withdrawal, admin):
    """An operator drops it, and the chain hears that first: its number is used up by a transaction that sends nothing."""
    onchain.drop(withdrawal.operation)
    mine(withdrawal, admin)


def stop_late(withdrawal, admin):
    """An operator drops it, and the chain has heard it before."""
    onchain.drop(withdrawal.operation)
    land(withdrawal, admin)


def finish(withdrawal, admin):
    onchain.mark_final(withdrawal.operation)
    releases.mark_sent(withdrawal.operation)


def refuse(withdrawal, admin):
    onchain.mark_failed(withdrawal.operation, "the contract refuses: ReleaseExpired")
    releases.give_back(withdrawal.operation)


def drop(withdrawal, admin):
    onchain.mark_failed(withdrawal.operation, "dropped by an operator")
    releases.give_back(withdrawal.operation)


LEFT = [check, approve, queue]
# What was done with it; then the steps that are done, the one that goes on now (red: where it ended), those to come; and what its page offers.
CASES = {
    "requested, and being checked": ([], "Requested", "Checking", "Approved Sent On_chain Final", "cancel"),
    "in review": ([check], "Requested Checking", "In_review", "Approved Sent On_chain Final", "cancel"),
    "approved": ([check, approve], "Requested Checking In_review Approved", "Sent", "On_chain Final", ""),
    "approved, and frozen": ([check, approve, freeze], "Requested Checking In_review Approved", "Sent", "On_chain Final", "cancel"),
    "queued": (LEFT, "Requested Checking In_review Approved", "Sent", "On_chain Final", "operation"),
    "sent": ([*LEFT, send], "Requested Checking In_review Approved Sent", "On_chain", "Final", "operation"),
    "on the chain": ([*LEFT, send, land], "Requested Checking In_review Approved Sent On_chain", "Final", "", "operation"),
    "final": ([*LEFT, send, land, finish], "Requested Checking In_review Approved Sent On_chain Final", "", "", "operation"),
    "on the chain, dropped too late": ([*LEFT, send, stop_late], "Requested Checking In_review Approved Sent On_chain", "Final", "", "operation"),
    "stopped by an operator": ([*LEFT, send, stop], "Requested Checking In_review Approved Sent", "red On_chain", "Final", "operation"),
    "cancelled at once": ([cancel], "Requested", "red Checking", "Approved Sent On_chain Final", ""),
    "cancelled in review": ([check, cancel], "Requested Checking", "red In_review", "Approved Sent On_chain Final", ""),
    "rejected": ([check, reject], "Requested Checking", "red In_review", "Approved Sent On_chain Final", ""),
    "cancelled when it was approved": ([check, approve, freeze, cancel], "Requested Checking In_review Approved", "red Sent", "On_chain Final", ""),
    "given back before it was sent": ([*LEFT, refuse], "Requested Checking In_review Approved", "red Sent", "On_chain Final", "operation"),
    "given back after it was sent": ([*LEFT, send, stop, drop], "Requested Checking In_review Approved Sent", "red On_chain", "Final", "operation"),
}


@pytest.mark.parametrize(("deeds", "done", "now", "to_come", "offered"), CASES.values(), ids=CASES)
def test_its_page_says_how_far_it_is_and_offers_what_may_be_done(deeds, done, now, to_come, offered, withdrawal, rich, ada, log_in):
    bring(withdrawal, ada, deeds)
    page = log_in(rich).get(f"/wallet/withdrawals/{withdrawal.id}").text
    assert steps(page) == (done, now, to_come)
    assert (f"/wallet/withdrawals/{withdrawal.id}/cancel" in page) == (offered == "cancel")
    assert ('href="/operations/' in page) == (offered == "operation")
    assert offered != "operation" or f'href="/operations/{withdrawal.operation.id}"' in page


@pytest.mark.parametrize(("deeds", "done", "now"), [([check], "Requested Checking Approved", "Sent"), ([check, freeze, cancel], "Requested Checking Approved", "red Sent")])
def test_one_that_nobody_needs_to_look_at_has_no_step_of_review(deeds, done, now, small, rich, ada, log_in):
    bring(small, ada, deeds)
    assert steps(log_in(rich).get(f"/wallet/withdrawals/{small.id}").text) == (done, now, "On_chain Final")


@pytest.mark.parametrize(("deed", "is_there"), [(land, True), (stop_late, True), (stop, False)])
def test_only_what_was_sent_is_said_to_be_there(deed, is_there, withdrawal, rich, ada, log_in):
    bring(withdrawal, ada, [*LEFT, send, deed])
    page = log_in(rich).get(f"/wallet/withdrawals/{withdrawal.id}").text
    assert ("It is at your address" in page, "We stopped it" in page) == (is_there, not is_there)


@pytest.mark.parametrize(("deeds", "said"), [([], "checking"), ([*LEFT, send], "on its way"), ([*LEFT, send, land], "on chain"), ([*LEFT, send, stop], "stopped"), ([*LEFT, refuse], "given back")])
def test_the_list_says_it_in_a_word(deeds, said, withdrawal, rich, ada, log_in):
    bring(withdrawal, ada, deeds)
    assert f"{said}</span>" in re.sub(r" · block 48\s201", "", log_in(rich).get("/wallet/withdrawals").text)


def bring(withdrawal, admin, deeds):
    for deed in deeds:
        with transaction():
            deed(withdrawal, admin)
    db.session.expire_all()


def steps(page):
    """(done, now, to come) by the labels, each in one word. Exactly the one that goes on is `aria-current`."""
    (stepper,) = re.findall(r'<ol class="steps-h" aria-label="How far your withdrawal is">(.*?)</ol>', page, re.DOTALL)
    found = {"on": [], "now": [], "": []}
    for tone, current, words in re.findall(r'<li(?: class="(\w+)")?( aria-current="step")?>([^<]+)</li>', stepper):
        label = words.replace(" ", "_")
        assert bool(current) == (tone in ("now", "refused")), label
        found["now" if current else tone].append(f"red {label}" if tone == "refused" else label)
    return tuple(" ".join(labels) for labels in found.values())
