"""TEO stolen with a custodial key: booked once from what the chain says, and the member made whole."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import clock
from lms.chain import custodial_keys, transactions
from lms.chain.signers import LocalSigner
from lms.db import db, transaction
from lms.domain.audit import actions as incidents
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident, LogEntry
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Entry, Operation
from lms.domain.wallet import custody, key_replacements
from lms.domain.wallet import queries as wallets
from lms.jobs import balances, deposits, node, settlement
from lms.jobs.wallets import owner
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, OUTSIDE, ask, holdings, parts
from tests.receipts import mined


@pytest.fixture
def steal(anvil):
    """steal(user, 30) sends TEO away with the member's custodial key, or the treasury's; the receipt."""

    def send(user, amount, to=OUTSIDE, final=True):
        pool, token, holder = node.pool(), node.token(), books.holder_of(user and user.id)
        thief = LocalSigner(custodial_keys.open_key(key_replacements.in_use(holder.id), owner(holder.id), node.keks()))
        anvil.call("anvil_setBalance", thief.address, hex(10**18))
        data, nonce = token._data("transfer", to, teo(amount)), pool.mined_nonce(thief.address)
        signed = transactions.sign(thief, pool.chain_id, token.address, data, nonce, transactions.fees(pool), 100_000)
        receipt = mined(pool, signed)
        if final:
            anvil.call("anvil_mine", "0x3")
        return receipt

    return send


@pytest.fixture
def run(worker):
    """run("chain", "lost", …) is what the command answered."""
    return lambda *words: worker.test_cli_runner().invoke(args=[str(word) for word in words])


@pytest.fixture
def book(run):
    """book(receipt) books the theft."""

    def invoke(receipt, *options):
        result = run("chain", "lost", receipt.tx_hash, receipt.logs[0].index, "key stolen", *options)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return invoke


def fund_treasury(amount):
    with transaction():
        ledger.post("fund", books.platform("TEO", "issuance"), books.platform("TEO", "treasury"), teo(amount), "fund", evidence={"by": "test"})


def moved():
    rows = db.session.query(Transfer).filter(Transfer.key.like("lost:%")).order_by(Transfer.id)
    return [(row.source.name, row.target.name, row.amount) for row in rows]


def balance(name):
    return books.platform("TEO", name).balance


def address_of(user):
    return wallets.wallet_of(user.id).address


def test_a_theft_is_booked_and_the_member_has_what_he_had(rich, steal, book, flow, audit):
    receipt = steal(rich, 30)
    assert not audit().startswith("differences 0")
    book(receipt)
    assert audit() == "differences 0, supply + 30.000000 TEO that wait for settlement = ledger"
    assert (parts(rich), balance("outside"), holdings(address_of(rich))) == ((teo(50), 0), teo(30), teo(20))
    flow()
    assert (parts(rich), holdings(address_of(rich)), audit()) == ((teo(50), 0), teo(50), GREEN)


def test_the_treasury_pays_and_new_tokens_what_it_lacks(rich, steal, book, flow, audit):
    fund_treasury(12)
    flow()
    book(steal(rich, 30))
    assert moved() == [("treasury", "available", teo(12)), ("issuance", "available", teo(18)), ("available", "outside", teo(30))]
    flow()
    assert (balance("treasury"), parts(rich), holdings(address_of(rich)), audit()) == (0, (teo(50), 0), teo(50), GREEN)


def test_the_loss_is_covered_at_birth_and_by_nothing_else(rich, steal, book):
    receipt = steal(rich, 30)
    book(receipt)
    entry, loss = db.session.query(Entry).filter_by(kind="loss").one(), books.transfer(f"lost:{receipt.tx_hash}:{receipt.logs[0].index}")
    assert (entry.amount, entry.is_open, entry.operation_id, loss.source_entry_id) == (teo(30), False, None, entry.id)
    assert custody.settled(entry.holder_id) == teo(20)
    assert (loss.evidence["transaction"], loss.evidence["to"].lower(), loss.evidence["why"]) == (receipt.tx_hash, OUTSIDE.lower(), "key stolen")


def test_the_same_theft_is_booked_once_and_another_too(rich, steal, book, flow, audit):
    first, second = steal(rich, 10), steal(rich, 15)
    for receipt in (first, first, second):
        book(receipt)
    assert (balance("outside"), db.session.query(Entry).filter_by(kind="loss").count()) == (teo(25), 2)
    assert [(row.action, row.subject, row.details["amount"], row.details["reason"]) for row in db.session.query(LogEntry).order_by(LogEntry.number)] == [
        ("theft booked", f"member {rich.id}", amount, "key stolen") for amount in (teo(10), teo(15))
    ]
    flow()
    assert (parts(rich), audit()) == ((teo(50), 0), GREEN)


def test_a_dry_run_says_it_and_books_nothing(rich, steal, book, audit):
    fund_treasury(12)
    said = book(steal(rich, 30), "--dry-run")
    assert said.splitlines() == [
        f"treasury → member {rich.id}: available  12.000000 TEO",
        f"issuance → member {rich.id}: available  18.000000 TEO",
        f"member {rich.id}: available → outside  30.000000 TEO",
        "nothing is booked",
    ]
    assert (moved(), db.session.query(Entry).filter_by(kind="loss").count()) == ([], 0)
    assert not audit().startswith("differences 0")


def test_what_is_staked_reserved_or_maturing_stays_where_it_is(rich, steal, book, flow, audit):
    with transaction():
        ledger.post("stake", books.member(rich.id, "TEO", "available"), books.member(rich.id, "TEO", "staked"), teo(25), "staked", evidence={"by": "test"})
    ask(rich, 20)
    book(steal(rich, 50))
    has = wallets.balance(rich.id)
    assert (has.available, has.reserved, has.staked) == (teo(5), teo(20), teo(25))
    flow()
    assert (holdings(address_of(rich)), audit()) == (teo(30), GREEN)


def test_more_than_he_has_left_by_the_ledger_can_be_stolen(rich, steal, book, flow, audit):
    """He spent 40 that are not burned yet, and owes 7: the thief took all the 50 the address held."""
    with transaction():
        debts.take_back("refund", [books.member(rich.id, "TEO", "available")], books.platform("TEO", "treasury"), teo(57), "refund", evidence={"by": "test"})
    fund_treasury(0.5)
    book(steal(rich, 50))
    assert (parts(rich), wallets.balance(rich.id).debt) == ((0, 0), -teo(7))
    flow()
    assert (holdings(address_of(rich)), audit()) == (0, GREEN)


def test_the_treasury_bears_its_own_loss(rich, run_jobs, steal, book, flow, audit):
    fund_treasury(12)
    flow()
    with transaction():
        ledger.post("spent", books.platform("TEO", "treasury"), books.member(rich.id, "TEO", "available"), teo(4), "grant", evidence={"by": "test"})
    book(steal(None, 12))
    flow()
    assert (balance("treasury"), parts(rich), balance("outside"), audit()) == (0, (teo(54), 0), teo(12), GREEN)


def test_what_the_thief_pays_in_is_his(rich, bruno, run_jobs, steal, book, flow, audit):
    enqueue("wallets.sweep")
    run_jobs()
    book(steal(rich, 30, to=address_of(bruno)))
    deposits.scan()
    flow()
    assert (parts(bruno), parts(rich), balance("outside"), audit()) == ((teo(30), 0), (teo(50), 0), 0, GREEN)


def test_after_it_the_incident_is_closed_and_settlement_goes_on(rich, ada, steal, book, run, flow, audit):
    receipt = steal(rich, 30)
    for _ in range(2):
        balances.compare()
        clock.advance(timedelta(seconds=60))
    incident = db.session.query(Incident).one()
    assert (incident.kind, switches.is_stopped("settlement")) == ("ledger and chain differ", True)
    book(receipt)
    flow()
    assert holdings(address_of(rich)) == teo(20), "nothing is minted to the address before an operator says so"
    with transaction():
        incidents.close_incident(incident, ada, "booked as stolen")
    run("chain", "resume")
    flow()
    balances.compare()
    assert (holdings(address_of(rich)), audit()) == (teo(50), GREEN)
    assert (switches.open_count(), switches.is_stopped("settlement"), switches.is_stopped(balances.SUSPECTED)) == (0, False, False)


def test_a_release_that_found_the_address_empty_goes_out_or_comes_back(rich, steal, book, run, flow, audit):
    withdrawal = ask(rich, 40)
    settlement.settle()
    book(steal(rich, 30))
    flow()
    assert (withdrawal.state, audit().partition(",")[0]) == ("queued", "differences 0")
    run("chain", "void", withdrawal.operation_id)
    flow()
    assert (withdrawal.state, parts(rich), audit()) == ("failed", (teo(50), 0), GREEN)


def test_before_it_is_final_nothing_is_booked(rich, steal, run):
    receipt = steal(rich, 30, final=False)
    result = run("chain", "lost", receipt.tx_hash, receipt.logs[0].index, "key stolen")
    assert result.exit_code == 1 and "final" in result.output
    assert moved() == []


@pytest.mark.parametrize("words", [("0x12", 0), ("0x" + "11" * 32, 0)])
def test_it_takes_a_transaction_that_the_chain_has(rich, run, words):
    result = run("chain", "lost", *words, "key stolen")
    assert result.exit_code == 1 and result.exception.__class__ is SystemExit


def test_a_log_that_is_no_transfer_is_refused(rich, steal, run):
    receipt = steal(rich, 30)
    result = run("chain", "lost", receipt.tx_hash, receipt.logs[0].index + 1, "key stolen")
    assert "no transfer of TEO" in result.output


def test_what_nobody_of_ours_held_is_refused(rich, run, anvil, flow, steal):
    """A stranger who moves what a member sent him."""
    key = custodial_keys.Key(b"\x07" * 32)
    ask(rich, 20, to=key.address)
    flow()
    anvil.call("anvil_setBalance", key.address, hex(10**18))
    pool, token = node.pool(), node.token()
    data = token._data("transfer", OUTSIDE, teo(5))
    signed = transactions.sign(LocalSigner(key), pool.chain_id, token.address, data, 0, transactions.fees(pool), 100_000)
    receipt = mined(pool, signed)
    anvil.call("anvil_mine", "0x3")
    result = run("chain", "lost", receipt.tx_hash, receipt.logs[0].index, "key stolen")
    assert result.exit_code == 1 and "no address we keep a key of" in result.output


@pytest.mark.parametrize("is_known", [True, False])
def test_a_withdrawal_is_no_theft_known_to_our_rows_or_not(rich, run, flow, is_known):
    ask(rich, 20)
    flow()
    release = db.session.query(Operation).filter_by(kind="release").one()
    receipt = transactions.receipt(node.pool(), release.tx_hash)
    if not is_known:
        with transaction():
            db.session.execute(text("UPDATE attempts SET tx_hash = tx_hash || '-'"))
            db.session.execute(text("UPDATE operations SET tx_hash = NULL"))
    result = run("chain", "lost", receipt.tx_hash, receipt.logs[0].index, "key stolen")
    assert result.exit_code == 1 and "no theft" in result.output
    assert moved() == []
