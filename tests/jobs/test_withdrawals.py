"""TEO on its way out of custody: it leaves once, or it is given back."""

import threading
import time
from concurrent import futures
from html import unescape

import pytest
from sqlalchemy import text

from lms import live
from lms.chain import anvil as clockwork
from lms.chain import transactions
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.audit.models import Incident, LogEntry
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain import queries
from lms.domain.onchain.models import Operation
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals import releases
from lms.domain.withdrawals.models import Withdrawal
from lms.domain.withdrawals.queries import approved
from lms.errors import DomainError
from lms.jobs import chain, node, settlement, stuck_transactions
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, OUTSIDE, ask, credit, holdings, parts


def wake(user):
    """The member as this session knows him."""
    return db.session.get_one(User, user.id)


def suspend(user, until="now()"):
    with transaction():
        db.session.execute(text(f"UPDATE users SET suspended_at = {until or 'NULL'} WHERE id = :id"), {"id": user.id})
    db.session.expire_all()


def test_one_for_which_the_chain_asks_too_much_waits_and_says_so(rich, worker, run_jobs, flow, audit, monkeypatch):
    ask(rich, 10)
    with monkeypatch.context() as dear:
        dear.setattr(transactions, "MOST_CAP", 1)
        pushed = []
        dear.setattr(live, "listening", list)
        dear.setattr(live, "push", lambda user_id, *names: pushed.append((user_id, names)))
        enqueue("settlement.settle")
        run_jobs()
        stuck_transactions.sweep()
        db.session.expire_all()
        leaving = wallets.movements(rich.id)[0]
        assert (leaving.reason, leaving.state, leaving.waits_for_fees) == ("withdrawal on its way", "queued", True)
        told = [user_id for user_id, names in pushed if f"operation:{leaving.operation_id}" in names]
        assert told == [rich.id], "once, however often it is tried"
    with worker.test_request_context():
        said = live.shown(rich.id, ["activity"])["activity"]
    assert "fees are above what we pay at most; your withdrawal waits and will go out when they fall." in unescape(said)
    flow()
    db.session.expire_all()
    assert not any(movement.waits_for_fees for movement in wallets.movements(rich.id))
    assert (db.session.query(Withdrawal).one().state, audit()) == ("sent", GREEN)


def test_one_that_the_ledger_refuses_keeps_no_other_back(rich, flow):
    first, second = ask(rich, 20), ask(rich, 5, key="w2")
    with transaction():
        ledger.post("gone", books.member(rich.id, "TEO", "reserved"), books.platform("TEO", "treasury"), teo(20), "recovered", evidence={"by": "test"})
    flow()
    assert (first.state, second.state) == ("approved", "sent")
    assert db.session.query(Incident).filter_by(kind="withdrawal not queued").one().subject == str(first.id)


def given_back_and_uncovered(engine, holder_id, holds):
    """What outcomes that are written in one transaction lock: another withdrawal is given back, and then an entry of this holder, whom settlement has by then,
    is uncovered."""
    with engine.begin() as session:
        session.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # so that PostgreSQL ends the other side
        session.execute(text("SELECT 1 FROM accounts WHERE name = 'releasing' FOR UPDATE"))
        holds.set()
        while not session.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")):
            time.sleep(0.01)
        session.execute(text("SELECT 1 FROM holders WHERE id = :id FOR NO KEY UPDATE"), {"id": holder_id})


def test_one_that_loses_a_deadlock_waits_for_the_next_round(rich, worker):
    withdrawal, holder_id, holds = ask(rich, 20), books.holder_of(rich.id).id, threading.Event()
    db.session.rollback()
    with futures.ThreadPoolExecutor(1) as workers:
        other = workers.submit(given_back_and_uncovered, db.engine, holder_id, holds)
        assert holds.wait(60)
        settlement.settle()
        other.result()
    assert withdrawal.state == "approved"
    settlement.settle()
    assert withdrawal.state == "queued"


def test_what_is_withdrawn_arrives_and_is_the_members_affair(rich, flow, audit):
    withdrawal = ask(rich, 20)
    assert parts(rich) == (teo(30), teo(20))
    flow()
    assert (withdrawal.state, parts(rich), holdings(OUTSIDE)) == ("sent", (teo(30), 0), teo(20))
    assert books.platform("TEO", "outside").balance == teo(20)
    assert audit() == GREEN


def test_its_open_page_hears_of_each_step_and_that_of_its_operation_from_when_it_is_sent(rich, flow, monkeypatch):
    withdrawal_id, heard = ask(rich, 20).id, []

    def hear(user_id, *names):
        if f"withdrawal:{withdrawal_id}" in names:
            operation = db.session.query(Operation.id, Operation.state).filter_by(kind="release").one()
            heard.append((operation.state, f"operation:{operation.id}" in names))

    monkeypatch.setattr(live, "listening", list)
    monkeypatch.setattr(live, "push", hear)
    flow()
    assert list(dict.fromkeys(heard)) == [("queued", False), ("sent", True), ("mined", True), ("final", True)]


def test_the_same_key_withdraws_once_and_another_wish_is_refused(rich):
    first = ask(rich, 20)
    assert ask(rich, 20).id == first.id
    with pytest.raises(ledger.KeyReused):
        ask(rich, 21)
    assert parts(rich) == (teo(30), teo(20))


def test_more_than_there_is_is_not_reserved(rich):
    with pytest.raises(ledger.Overdraft):
        ask(rich, 51)
    assert db.session.query(Withdrawal).count() == 0


@pytest.mark.parametrize("address", ["", "0x12", "0x" + "00" * 20, "0x" + "zz" * 20, "ana.eth"])
def test_it_goes_to_an_address_only(rich, address):
    with pytest.raises(DomainError, match="not an address"):
        ask(rich, 1, to=address)


@pytest.mark.parametrize("spell", [str.lower, lambda address: "0x" + address[2:].upper()])
def test_an_address_may_be_spelled_in_small_letters_or_capitals(spell, rich, flow, audit):
    withdrawal = ask(rich, 20, to=spell(OUTSIDE))
    flow()
    assert (withdrawal.state, holdings(OUTSIDE), db.session.query(Incident).count(), audit()) == ("sent", teo(20), 0, GREEN)


def test_an_operator_is_told_that_the_capitals_of_an_address_do_not_fit(rich, worker):
    result = worker.test_cli_runner().invoke(args=["chain", "release", rich.email, OUTSIDE.replace("11cE", "11Ce"), "5", "--key", "k"])
    assert result.exit_code == 1 and "one of its digits is wrong" in result.output
    assert db.session.query(Withdrawal).count() == 0


def test_it_waits_until_the_tokens_are_on_the_chain(ana, worker, run_jobs, flow, audit):
    credit(ana, teo(50), "gift")
    withdrawal = ask(ana, 20)
    settlement.settle()
    assert withdrawal.state == "approved"
    enqueue("wallets.sweep")
    run_jobs()
    flow()
    assert withdrawal.state == "sent"
    assert audit() == GREEN


def test_it_waits_while_an_entry_of_the_member_is_open(rich, worker, flow, audit):
    credit(rich, teo(5), "more")
    from lms.domain.wallet import actions

    with transaction():
        actions.open_batch()
    withdrawal = ask(rich, 20)
    settlement.settle()
    assert withdrawal.state == "approved"
    flow()
    assert (withdrawal.state, audit()) == ("sent", GREEN)


def test_a_suspended_member_gets_no_new_release_and_a_signed_one_goes_on(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    suspend(rich)
    flow()
    assert (withdrawal.state, parts(rich)) == ("approved", (teo(30), teo(20)))
    suspend(rich, until=None)
    settlement.settle()
    chain.submit(withdrawal.operation_id)
    suspend(rich)
    flow()
    assert (withdrawal.state, audit()) == ("sent", GREEN)


def test_one_that_is_queued_and_not_signed_when_its_member_is_suspended_is_given_back(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    settlement.settle()
    suspend(rich)
    flow()
    assert (withdrawal.state, parts(rich), audit()) == ("failed", (teo(50), 0), GREEN)


def test_those_who_cannot_go_keep_nobody_waiting(rich, bruno, worker, run_jobs, flow, audit):
    """Neither those of a suspended member, nor the next ones of a member whose first is on its way, however many there are."""
    enqueue("wallets.sweep")
    credit(bruno, teo(10), "of bruno")
    flow()
    of_rich = [ask(rich, 1, key=f"w{number}").id for number in range(3)]
    of_bruno = ask(bruno, 5, key="b")
    assert approved() == [*of_rich, of_bruno.id]
    suspend(rich)
    assert approved() == [of_bruno.id]
    suspend(rich, until=None)
    with transaction():
        releases.queue(db.session.get_one(Withdrawal, of_rich[0]))
    assert approved() == [of_bruno.id]
    suspend(rich)
    flow()
    assert (of_bruno.state, audit()) == ("sent", GREEN)


def test_a_suspended_member_is_settled_as_usual(rich, worker, flow, audit):
    suspend(rich)
    credit(rich, teo(5), "more")
    flow()
    assert audit() == GREEN
    with pytest.raises(DomainError, match="suspended"):
        ask(wake(rich), 1)


def test_one_that_nobody_could_send_in_time_is_given_back_with_a_sentence(rich, worker, anvil, flow, audit, log_in):
    withdrawal = ask(rich, 20)
    settlement.settle()
    clockwork.advance(node.pool(), 2 * 24 * 3600)
    flow()
    assert (withdrawal.state, parts(rich)) == ("failed", (teo(50), 0))
    assert "ReleaseExpired" in withdrawal.error
    assert audit() == GREEN
    page = log_in(rich).get(f"/operations/{withdrawal.operation_id}").text
    assert "It could not be brought to the chain within a day, and what you signed ended. All of it is available to you again." in unescape(page)
    back = db.session.scalar(text("SELECT id FROM transfers WHERE reason = 'withdrawal given back'"))
    assert "It could not be brought to the chain within a day" in log_in(rich).get(f"/wallet/movements/{back}").text


def test_one_given_back_can_be_withdrawn_anew(rich, worker, anvil, flow, audit):
    ask(rich, 20)
    settlement.settle()
    clockwork.advance(node.pool(), 2 * 24 * 3600)
    flow()
    again = ask(rich, 20, key="w2")
    flow()
    assert (again.state, audit()) == ("sent", GREEN)


def test_an_operator_drops_one_before_it_is_signed(rich, worker, flow, audit, log_in):
    withdrawal = ask(rich, 20)
    settlement.settle()
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(withdrawal.operation_id)])
    assert result.exit_code == 0, result.output
    flow()
    assert (withdrawal.state, parts(rich)) == ("failed", (teo(50), 0))
    assert audit() == GREEN
    page = log_in(rich).get(f"/operations/{withdrawal.operation_id}").text
    assert "Given back" in page and "Refused by the chain" not in page


def test_what_an_operator_does_with_withdrawals_stands_in_the_audit_log_once(rich, worker):
    run, known = worker.test_cli_runner().invoke, {"member": rich.id, "amount": teo(5), "to": OUTSIDE}
    for _ in range(2):
        run(args=["chain", "release", rich.email, OUTSIDE, "5", "--key", "k"])
    settlement.settle()
    operation = db.session.query(Operation).filter_by(kind="release").one()
    for _ in range(2):
        run(args=["chain", "void", str(operation.id)])
    rows = [(row.action, row.subject, row.by_id, row.details) for row in db.session.query(LogEntry).order_by(LogEntry.number)]
    withdrawal = db.session.query(Withdrawal).one()
    assert rows == [("withdrawal made", f"withdrawal {withdrawal.id}", None, known), ("operation dropped", f"operation {operation.id}", None, {"kind": "release"})]


def test_one_that_was_dropped_does_not_happen_when_anvil_has_lost_its_blocks(rich, worker, anvil, flow, audit):
    withdrawal = ask(rich, 20)
    settlement.settle()
    before = anvil.call("evm_snapshot")
    anvil.call("evm_setAutomine", False)
    chain.submit(withdrawal.operation_id)
    worker.test_cli_runner().invoke(args=["chain", "void", str(withdrawal.operation_id)])
    anvil.call("evm_setAutomine", True)
    flow()
    assert withdrawal.state == "failed"
    anvil.call("evm_revert", before)
    flow()
    assert (holdings(OUTSIDE), audit()) == (0, GREEN)
    assert node.pool().mined_nonce(node.addresses()[0]) == queries.signers()[node.addresses()[0]].next_nonce


def test_one_dropped_too_late_still_arrives(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    settlement.settle()
    chain.submit(withdrawal.operation_id)
    flow()
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(withdrawal.operation_id)])
    assert "Nothing was dropped" in result.output
    assert (withdrawal.state, audit()) == ("sent", GREEN)


def test_the_audit_is_clean_at_every_step(rich, worker, anvil, run_jobs, audit):
    ask(rich, 20)
    rows = [audit()]
    settlement.settle()
    rows.append(audit())
    operation = db.session.query(Operation).filter_by(kind="release").one()
    chain.submit(operation.id)
    rows.append(audit())
    run_jobs()
    rows.append((operation.state, audit()))
    anvil.call("anvil_mine", "0x3")
    stuck_transactions.sweep()
    rows.append((operation.state, audit()))
    assert rows == [GREEN, GREEN, GREEN, ("mined", GREEN), ("final", GREEN)]


def test_the_command_withdraws_in_the_members_name(rich, worker, flow, audit):
    for _ in range(2):
        result = worker.test_cli_runner().invoke(args=["chain", "release", rich.email, OUTSIDE, "12.5", "--key", "by-hand"])
        assert result.exit_code == 0, result.output
    flow()
    assert (holdings(OUTSIDE), audit()) == (teo(12.5), GREEN)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e40", "0.0000001", "many"])
def test_the_command_refuses_what_is_no_amount(rich, worker, amount):
    result = worker.test_cli_runner().invoke(args=["chain", "release", rich.email, OUTSIDE, "--key", "k", "--", amount])
    assert result.exit_code != 0 and "Say an amount above zero" in result.output
