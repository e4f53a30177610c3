"""The database restored from a backup meets a chain that has gone on."""

from datetime import timedelta

from sqlalchemy import text

from lms import clock
from lms.chain import anvil as clockwork
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries as onchains
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Operation
from lms.domain.rewards import actions as rewards
from lms.domain.rewards.models import Lot
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import deposits, node, settlement, solvency
from lms.jobs import rewards as becoming
from lms.jobs.operate import recovery
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, OUTSIDE, ask, credit, holdings, pay


def test_what_was_credited_before_the_backup_is_not_minted_again(rich, backup, recover, flow, audit):
    credit(rich, teo(5), "more")
    restore = backup()
    flow()
    restore()
    assert not audit().startswith("differences 0")
    assert "1 operations taken over" in recover()
    assert audit() == GREEN
    flow()
    assert (wallets.balance(rich.id).total, audit()) == (teo(55), GREEN)


def test_all_of_the_chain_may_be_read_for_as_long_as_it_takes(rich, recover, monkeypatch):
    read, allowed = recovery._used, []

    def used(*asked):
        allowed.append(db.session.scalar(text("SHOW idle_in_transaction_session_timeout")))
        return read(*asked)

    monkeypatch.setattr(recovery, "_used", used)
    recover()
    assert allowed == ["0"]


def test_what_was_credited_after_the_backup_is_booked_as_recovered(rich, backup, recover, flow, audit):
    restore = backup()
    credit(rich, teo(5), "more")
    flow()
    restore()
    recover()
    flow()
    assert (wallets.balance(rich.id).available, wallets.movements(rich.id)[0].reason) == (teo(55), "recovered")
    assert audit() == GREEN


def test_a_release_that_waited_in_the_backup_goes_out_once(rich, backup, recover, flow, audit):
    ask(rich, 20)
    restore = backup()
    flow()
    restore()
    recover()
    flow()
    assert (holdings(OUTSIDE), wallets.balance(rich.id).total) == (teo(20), teo(30))
    assert audit() == GREEN


def test_a_release_lost_with_the_rows_is_taken_from_what_the_member_has(rich, backup, recover, flow, audit):
    restore = backup()
    ask(rich, 20)
    flow()
    restore()
    recover()
    flow()
    assert (holdings(OUTSIDE), wallets.balance(rich.id).total) == (teo(20), teo(30))
    assert audit() == GREEN


def test_what_was_paid_in_and_left_again_after_the_backup_is_booked_in_that_order(rich, holding, backup, recover, flow, audit):
    restore = backup()
    pay(holding, rich, teo(5))
    pay(holding, rich, 4_000)
    flow()
    deposits.scan()
    ask(rich, 35, key="w2")
    flow()
    assert holdings(OUTSIDE) == teo(35)
    restore()
    recover()
    assert (wallets.balance(rich.id).total, audit()) == (4_000, GREEN)
    flow()
    deposits.scan()
    assert (wallets.balance(rich.id).total, audit()) == (4_000, GREEN)


def test_of_what_a_recovery_took_from_the_maturing_no_more_matures_than_is_left(rich, backup, recover, flow, audit):
    with transaction():
        for key, amount in (("older", 2), ("newer", 3)):
            rewards.grant(key, rich.id, "lesson", teo(amount), Rules(), clock.now() + timedelta(days=14))
    flow()
    restore = backup()
    clock.advance(timedelta(days=15))
    becoming.mature()
    ask(rich, 51)
    flow()
    restore()
    recover()
    assert [lot.amount for lot in db.session.query(Lot).order_by(Lot.transfer_id)] == [teo(2), teo(2)]
    becoming.mature()
    flow()
    has = wallets.balance(rich.id)
    assert (has.available, has.maturing, holdings(OUTSIDE), audit()) == (teo(4), 0, teo(51), GREEN)


def test_batches_opened_before_somebody_noticed_are_set_aside(rich, backup, recover, flow, run_jobs, worker, audit):
    credit(rich, teo(5), "more")
    restore = backup()
    flow()
    restore()
    credit(rich, teo(1), "since")
    enqueue("settlement.settle")
    run_jobs()
    assert db.session.query(Operation).order_by(Operation.id.desc()).first().state == "queued"
    recover()
    assert worker.test_cli_runner().invoke(args=["chain", "resume"]).exit_code == 0
    flow()
    assert (wallets.balance(rich.id).total, audit()) == (teo(56), GREEN)


def test_a_release_that_has_expired_meanwhile_is_not_given_back_when_the_chain_did_it(rich, backup, worker, anvil, flow, audit):
    withdrawal_id = ask(rich, 20).id
    settlement.settle()
    restore = backup()
    flow()
    restore()
    with transaction():
        signer_lanes.adopt(node.addresses()[0], node.pool().mined_nonce(node.addresses()[0]))
    clockwork.advance(node.pool(), 2 * 24 * 3600)
    flow()
    assert db.session.get_one(Withdrawal, withdrawal_id).state == "sent"
    assert (holdings(OUTSIDE), wallets.balance(rich.id).total, audit()) == (teo(20), teo(30), GREEN)


def test_the_number_of_a_root_lost_with_its_rows_is_not_given_out_again(rich, backup, recover, flow, audit):
    restore = backup()
    solvency.publish()
    flow()
    restore()
    assert "1 operations taken over, 0 lost" in recover()
    credit(rich, teo(5), "more")
    flow()
    states = [(operation.kind, operation.state) for operation in db.session.query(Operation).order_by(Operation.op)][-2:]
    assert (states, audit()) == ([("root", "final"), ("settle", "final")], GREEN)


def test_numbers_that_were_given_out_and_lost_are_used_up(rich, backup, recover, flow, worker, audit):
    restore = backup()
    with transaction():
        db.session.execute(text("UPDATE deployments SET next_op = next_op + 2"))
    credit(rich, teo(5), "more")
    flow()
    restore()
    assert "2 lost numbers" in recover()
    flow()
    voided = [(operation.kind, operation.state) for operation in db.session.query(Operation).filter_by(is_void=True).order_by(Operation.op, Operation.id)]
    assert voided == [("settle", "failed"), ("certificates", "failed")] * 2
    assert audit() == GREEN


def test_what_was_taken_over_is_no_foreign_mint(rich, backup, recover, flow, audit):
    restore = backup()
    credit(rich, teo(5), "more")
    flow()
    restore()
    recover()
    deposits.scan()
    flow()
    assert ([incident.kind for incident in db.session.query(Incident)], wallets.balance(rich.id).total, audit()) == ([], teo(55), GREEN)


def test_it_may_run_twice_and_on_a_database_that_lost_nothing(rich, recover, flow, audit):
    flow()
    assert "0 operations taken over, 0 lost" in recover()
    assert "0 operations taken over, 0 lost" in recover()
    assert audit() == GREEN


def test_an_address_made_after_the_backup_is_an_incident_and_what_it_holds_is_outside(rich, bruno, backup, recover, flow, run_jobs, audit):
    restore = backup()
    credit(bruno, teo(5), "more")
    enqueue("wallets.sweep")
    run_jobs()
    flow()
    ask(rich, 2, to=wallets.wallet_of(bruno.id).address)
    with transaction():
        ledger.post("back", books.member(bruno.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(1), "refund", evidence={"by": "test"})
    flow()
    restore()
    recover()
    assert {incident.kind for incident in db.session.query(Incident)} == {"address lost"}
    assert (books.platform("TEO", "outside").balance, audit()) == (teo(6), GREEN)
    flow()
    assert audit() == GREEN


def test_what_a_lost_address_burned_may_have_come_by_a_release_the_backup_knows(rich, bruno, stranger, backup, recover, flow, run_jobs, audit):
    ask(rich, 3, to=stranger.address)
    settlement.settle()
    restore = backup()
    enqueue("wallets.sweep")
    run_jobs()
    flow()
    pay(stranger, bruno, teo(3))
    flow()
    deposits.scan()
    with transaction():
        ledger.post("back", books.member(bruno.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(2), "refund", evidence={"by": "test"})
    flow()
    restore()
    recover()
    assert (holdings(stranger.address), books.platform("TEO", "outside").balance, audit()) == (0, teo(1), GREEN)


def by_another(statement):
    """What another process does."""
    with db.engines["reading"].connect() as other:
        other.execute(text(statement))
        other.commit()


def test_a_number_given_out_while_it_reads_the_chain_is_not_given_again(rich, backup, recover, flow, monkeypatch):
    from lms.jobs.operate import recovery

    credit(rich, teo(5), "more")
    restore = backup()
    flow()
    restore()
    given, read = onchains.deployment().next_op + 3, recovery.Arrivals

    def reading(*arguments):
        arrivals = read(*arguments)
        by_another(f"UPDATE deployments SET next_op = {given}")
        return arrivals

    monkeypatch.setattr(recovery, "Arrivals", reading)
    recover()
    db.session.expire_all()
    assert onchains.deployment().next_op == given


def test_what_a_lane_signed_after_it_was_looked_at_is_not_set_aside(rich, recover, flow, monkeypatch):
    credit(rich, teo(5), "more")
    settlement.settle()
    waiting, take = db.session.query(Operation).filter_by(state="queued").one(), onchain.take_numbers

    def taking(*arguments):
        take(*arguments)
        by_another(f"UPDATE operations SET state = 'signed' WHERE id = {waiting.id}")

    monkeypatch.setattr(onchain, "take_numbers", taking)
    recover()
    assert db.session.get_one(Operation, waiting.id, populate_existing=True).state == "signed"
