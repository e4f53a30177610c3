"""A reward on its way to the chain."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from lms import clock
from lms.chain import anvil as clockwork
from lms.chain.contracts import TeoCoin
from lms.db import alone, db, transaction
from lms.domain.audit.models import Incident
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.onchain import actions as onchain_actions
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Attempt, Operation
from lms.domain.wallet import queries as wallet
from lms.domain.wallet.models import Wallet
from lms.jobs import chain, lanes, node, settlement, stuck_transactions
from lms.queue import enqueue
from tests.jobs.acts import GREEN, credit, wallets_made
from tests.receipts import mined

FIRST_LANE = "0x" + "11" * 20


@pytest.fixture
def settled(bought, run_jobs):
    enqueue("wallets.sweep")
    run_jobs()


def test_a_reward_is_minted_to_the_members_address(settled, ana, audit):
    operation = db.session.query(Operation).one()
    assert operation.state == "mined"
    assert [(entry.kind, entry.amount) for entry in operation.entries] == [("mint", 1_600_000)]
    assert wallet.movements(ana.id)[0].state == "mined"
    assert audit() == GREEN


def test_nothing_is_settled_before_the_member_has_an_address(bought, run_jobs, audit):
    enqueue("settlement.settle")
    run_jobs()
    assert db.session.query(Operation).count() == 0
    assert audit() == "differences 0, supply + 1.600000 TEO that wait for settlement = ledger"


def test_later_movements_wait_for_the_next_entry(settled, ana, run_jobs, audit):
    credit(ana, 500_000, "x1")
    credit(ana, 250_000, "x2")
    enqueue("settlement.settle")
    run_jobs()
    assert [entry.amount for operation in db.session.query(Operation).order_by(Operation.id) for entry in operation.entries] == [1_600_000, 750_000]
    assert audit() == GREEN


def test_a_net_loss_is_burned_with_the_holders_signature(settled, ana, run_jobs, audit):
    with transaction():
        ledger.post("back", accounts.member(ana.id, "TEO", "maturing"), accounts.platform("TEO", "issuance"), 600_000, "refund", evidence={"by": "test"})
    enqueue("settlement.settle")
    run_jobs()
    assert db.session.query(Operation).order_by(Operation.id.desc()).first().entries[0].kind == "burn"
    assert audit() == GREEN


def test_a_net_of_zero_costs_no_operation(settled, ana, run_jobs, audit):
    credit(ana, 500_000, "x1")
    with transaction():
        ledger.post("x2", accounts.member(ana.id, "TEO", "available"), accounts.platform("TEO", "issuance"), 500_000, "refund", evidence={"by": "test"})
    enqueue("settlement.settle")
    run_jobs()
    assert db.session.query(Operation).count() == 1
    assert audit() == GREEN


def test_submitting_twice_signs_once(bought, run_jobs, audit):
    enqueue("wallets.sweep")
    run_jobs()
    operation = db.session.query(Operation).one()
    chain.submit(operation.id)
    run_jobs()
    assert db.session.query(Attempt).count() == 1
    assert audit() == GREEN


def test_a_worker_killed_after_signing_is_finished_by_the_sweep(bought, worker, run_jobs, audit, monkeypatch):
    def killed(*_):
        raise SystemExit("killed")

    wallets_made()
    with transaction():
        from lms.domain.wallet import actions

        operation = actions.open_batch()
    monkeypatch.setattr(lanes, "broadcast", killed)
    with pytest.raises(SystemExit):
        chain.submit(operation.id)
    monkeypatch.undo()
    assert operation.state == "signed"
    enqueue("stuck_transactions.sweep")
    run_jobs()
    assert (operation.state, db.session.query(Attempt).count()) == ("mined", 1)
    assert audit() == GREEN


def test_one_that_a_node_took_before_its_worker_died_is_found_although_it_was_replaced(queued, run_jobs, audit, monkeypatch):
    def dies(signed, pool):
        for attempt in signed.values():
            chain.transactions.broadcast(pool, attempt.raw)
        raise SystemExit("killed")

    monkeypatch.setattr(lanes, "broadcast", dies)
    with pytest.raises(SystemExit):
        chain.submit(queued.id)
    monkeypatch.undo()
    lanes.Lane(node.pool(), node.signers()[0]).replace(queued)
    first, second = queued.attempts
    assert (queued.state, first.nonce) == ("signed", second.nonce)
    stuck_transactions.sweep()
    run_jobs()
    assert (queued.state, queued.tx_hash) == ("mined", first.tx_hash)
    assert audit() == GREEN


def test_an_operation_becomes_final(settled, anvil, worker, run_jobs):
    anvil.call("anvil_mine", "0x3")
    enqueue("stuck_transactions.sweep")
    run_jobs()
    assert db.session.query(Operation).one().state == "final"


def test_blocks_that_anvil_lost_are_rebuilt_from_the_stored_bytes(bought, anvil, run_jobs, worker, audit):
    before = anvil.call("evm_snapshot")
    enqueue("wallets.sweep")
    run_jobs()
    anvil.call("anvil_mine", "0x3")
    enqueue("stuck_transactions.sweep")
    run_jobs()
    anvil.call("evm_revert", before)
    enqueue("stuck_transactions.sweep")
    run_jobs()
    enqueue("stuck_transactions.sweep")
    run_jobs()
    assert db.session.query(Operation).one().state in ("mined", "final")
    assert db.session.query(Attempt).count() == 1
    assert audit() == GREEN


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("UPDATE accounts SET balance = balance + 1 WHERE name = 'available' AND user_id = :ana AND asset = 'TEO'", "wrong_balances"),
        ("UPDATE entries SET amount = amount + 1", "entries_not_their_legs"),
        ("UPDATE transfers SET target_holder_id = NULL, target_entry_id = NULL WHERE reason = 'purchase'", "legs_without_entry"),
        ("DELETE FROM attempts; DELETE FROM nonces; UPDATE transfers SET target_entry_id = NULL; DELETE FROM entries; DELETE FROM operations", "holders_off"),
    ],
)
def test_the_audit_finds_a_planted_fault(settled, ana, worker, fault, found):
    with transaction():
        for statement in fault.split(";"):
            db.session.execute(text(statement), {"ana": ana.id} if ":ana" in statement else {})
    result = worker.test_cli_runner().invoke(args=["audit"])
    counts = dict(line.split() for line in result.output.splitlines()[:6])
    assert int(counts[found]) > 0
    assert result.exit_code == 1


def test_the_audit_finds_a_mint_that_is_not_ours(settled, ana, worker, audit):
    """A double mint leaves our rows as they are: only the node's word shows it."""
    token, signer, pool = node.token(), node.signers()[0], node.pool()
    from lms.chain import transactions

    data = token.settle_data(999, [(wallet.wallet_of(ana.id).address, 1_600_000)], [])
    signed = transactions.sign(
        signer, pool.chain_id, token.address, data, pool.mined_nonce(signer.address), transactions.fees(pool), 500_000
    )
    mined(pool, signed)
    assert audit().startswith("differences 1,")


def test_what_is_mined_while_the_audit_reads_is_no_difference(queued, audit, monkeypatch):
    from lms.jobs import balances as books

    read = books.reader.holdings

    def and_meanwhile(*question):
        holdings = read(*question)
        chain.submit(queued.id)
        return holdings

    monkeypatch.setattr(books.reader, "holdings", and_meanwhile)
    assert audit().startswith("differences 0,")


def test_a_stopped_settlement_opens_no_batch_until_it_is_resumed(bought, run_jobs, worker, audit):
    from lms.domain.audit import actions as switches

    with transaction():
        switches.stop("settlement", "a test")
    enqueue("wallets.sweep")
    run_jobs()
    assert db.session.query(Operation).count() == 0
    assert worker.test_cli_runner().invoke(args=["chain", "resume"]).exit_code == 0
    run_jobs()
    assert audit() == GREEN


def test_before_the_deployment_nothing_is_settled(bought):
    with transaction():
        holder_id = accounts.holder_of(bought.buyer_id).id
        keys = dict(holder_id=holder_id, address="0x" + "11" * 20, ciphertext=b"", wrapped_key=b"", kek_version=1, created_at=bought.placed_at)
        db.session.add(Wallet(**keys))
    settlement.settle()
    assert db.session.query(Operation).count() == 0


def test_a_transaction_that_did_something_else_stops_settlement(bought, run_jobs, monkeypatch):
    monkeypatch.setattr(TeoCoin, "settlement", lambda *_: None)
    enqueue("wallets.sweep")
    run_jobs()
    assert db.session.query(Incident).one().kind == "not our entries"
    assert onchain.counts() == {"sent": 1}


def test_the_worker_reaches_no_node_but_the_rest_runs_on(bought, worker, monkeypatch):
    from lms.chain.errors import RpcDown

    worker.config["RPC_URLS"] = ("http://127.0.0.1:9",)
    wallets_made()
    settlement.settle()
    with pytest.raises(RpcDown):
        chain.submit(db.session.query(Operation).one().id)
    assert onchain.counts() == {"queued": 1}


def test_a_sent_operation_shows_its_transaction_before_it_is_mined(queued, blocks_wait):
    blocks_wait()
    chain.submit(queued.id)
    assert (queued.state, queued.tx_hash) == ("sent", queued.attempts[0].tx_hash)


def test_it_is_on_chain_at_the_depth_that_is_set(queued, worker, anvil, audit):
    worker.config["CHAIN_DEPTH"] = 3
    chain.submit(queued.id)
    seen = []
    for _ in range(3):
        stuck_transactions.sweep()
        seen.append((queued.state, queued.entries[0].is_open))
        anvil.call("evm_mine")
    assert seen == [("sent", True), ("sent", True), ("mined", False)]
    assert audit() == GREEN


def test_a_reverted_transaction_is_followed_by_one_more_and_not_by_many(queued, anvil, run_jobs, audit, monkeypatch, blocks_wait):
    monkeypatch.setattr(lanes.transactions, "estimate_gas", lambda *_: 60_000)  # too little: it reverts
    chain.submit(queued.id)
    monkeypatch.undo()
    anvil.call("anvil_mine", "0x3")
    blocks_wait()
    stuck_transactions.sweep()
    stuck_transactions.sweep()  # the first transaction's receipt still says that it failed, and the second waits for a block
    first = queued.attempts[0].nonce
    assert (queued.state, [attempt.nonce for attempt in queued.attempts]) == ("sent", [first, first + 1])
    anvil.call("evm_mine")
    run_jobs()
    stuck_transactions.sweep()
    assert queued.state == "mined"
    assert audit() == GREEN


def test_a_worker_that_comes_second_takes_the_firsts_success_for_no_incident(queued, worker, run_jobs, audit, monkeypatch):
    ask = lanes.transactions.estimate_gas

    def late(*question):
        monkeypatch.setattr(lanes.transactions, "estimate_gas", ask)
        with worker.app_context():
            chain.submit(queued.id)
        return ask(*question)

    monkeypatch.setattr(lanes.transactions, "estimate_gas", late)
    chain.submit(queued.id)
    run_jobs()
    assert db.session.query(Incident).count() == 0
    assert queued.state == "mined"
    assert audit() == GREEN


def test_a_halted_lane_keeps_nothing_back_that_was_sent(queued, bruno, worker, anvil, blocks_wait):
    from lms.domain.wallet import actions

    blocks_wait()
    chain.submit(queued.id)
    wallets_made()
    credit(bruno, 500_000, "x1")
    with transaction():
        later = actions.open_batch()
        db.session.execute(text("UPDATE signers SET halted = 'a foreign nonce'"))
        db.session.execute(text(f"UPDATE deployments SET signer = '{FIRST_LANE}'"))
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    assert (queued.state, later.state, later.error) == ("mined", "queued", "a foreign nonce")
    incident = db.session.query(Incident).one()
    assert (incident.kind, incident.subject) == ("lane halted", node.addresses()[0])


def test_a_block_the_chain_left_behind_is_mined_anew(settled, worker, run_jobs, audit):
    """A reorganisation after the block was thought deep enough."""
    operation = db.session.query(Operation).one()
    with transaction():
        operation.block_hash = "0x" + "11" * 32
    stuck_transactions.sweep()
    assert (operation.state, db.session.query(Attempt).count()) == ("mined", 1)
    assert operation.block_hash != "0x" + "11" * 32
    assert audit() == GREEN


def test_nothing_is_signed_on_another_chain_or_without_the_code(queued, anvil, worker):
    with transaction():
        queued.deployment.chain_id = 80002
    chain.submit(queued.id)
    assert queued.error == "the operation belongs to chain 80002, and this is 31337"
    with transaction():
        queued.deployment.chain_id = 31337
    anvil.call("anvil_setCode", queued.deployment.token_address, "0x")
    chain.submit(queued.id)
    assert queued.error.startswith("there is no contract at ")
    assert (queued.state, queued.attempts) == ("queued", [])


def test_who_comes_while_another_settles_leaves_it_to_him(bought, worker):
    """Or every worker would wait for its turn, and none be left for the lanes."""
    wallets_made()
    with alone("settlement"):
        settlement.settle()
        assert db.session.query(Operation).count() == 0
    settlement.settle()
    assert db.session.query(Operation).count() == 1


def operations_once_settled():
    settlement.settle()
    return db.session.query(Operation).count()


def test_batches_come_as_the_settings_say(rich, bruno, worker):
    """Seconds apart; above a base fee, in gwei, only once something has waited long enough."""
    wallets_made()
    worker.config.update(SETTLE_SECONDS=60, SETTLE_BASE_FEE=5, SETTLE_PATIENCE=600)
    began = operations_once_settled()
    clock.advance(timedelta(seconds=61))
    credit(rich, 1, "first")
    assert operations_once_settled() == began + 1
    credit(bruno, 1, "next")
    for seconds, base_fee, count in ((30, 5 * 10**9, 1), (31, 5 * 10**9 + 1, 1), (1, 5 * 10**9, 2)):
        clock.advance(timedelta(seconds=seconds))
        with transaction():
            onchain_actions.see_chain(SimpleNamespace(number=1, timestamp=1, base_fee=base_fee))
        assert operations_once_settled() == began + count, (seconds, base_fee)


def test_a_batch_mints_no_more_than_the_contract_lets_through_in_a_day(app, worker, ana, bruno, run_jobs, audit):
    for number, member in enumerate((ana, bruno)):
        credit(member, 12_000 * 1_000_000, f"big{number}")
    enqueue("wallets.sweep")
    run_jobs()
    operations = db.session.query(Operation).order_by(Operation.id).all()
    assert [len(operation.entries) for operation in operations] == [1, 1]
    assert [operation.state == "mined" for operation in operations] == [True, False]
    clock.advance(timedelta(days=1))
    clockwork.advance(node.pool(), 24 * 3600)
    for _ in range(2):
        clockwork.mine(node.pool(), 3)
        stuck_transactions.sweep()
        run_jobs()
    assert [operation.state for operation in operations] == ["final", "final"]
    assert audit() == GREEN
