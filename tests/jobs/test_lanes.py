"""A signer's lane: what is stuck offers more, what is used up is recognised, and an empty purse stops it with a word."""

from datetime import timedelta

import pytest
import rq
from sqlalchemy import text

from lms import clock
from lms.chain import transactions
from lms.chain.errors import RpcDisagreement
from lms.chain.rpc import Pool
from lms.db import alone, db, transaction
from lms.domain.audit.models import Incident
from lms.domain.ledger import queries as books
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Attempt, Operation
from lms.domain.wallet import actions as wallet
from lms.jobs import chain, contract_calls, lanes, node, stuck_transactions
from lms.queue import NAME, enqueue, queue
from tests.jobs.acts import GREEN, bring_and_lose_the_attempt, credit
from tests.receipts import awaited, mined


def kinds():
    return sorted(kind for (kind,) in db.session.query(Incident.kind))


@pytest.fixture
def stuck(queued, blocks_wait):
    """An operation that was sent, and no block comes."""
    blocks_wait()
    chain.submit(queued.id)
    return queued


@pytest.mark.parametrize("agree", [True, False])
def test_a_drive_sees_what_is_mined_whether_or_not_endpoints_agree_how_many_are(stuck, worker, anvil, monkeypatch, agree):
    def disagree(*_):
        raise RpcDisagreement("2 endpoints give 2 answers")

    anvil.call("evm_mine")
    if not agree:
        monkeypatch.setattr(Pool, "mined_nonce", disagree)
    chain.drive(node.addresses()[0])
    assert stuck.state == "mined"


def test_what_is_stuck_offers_an_eighth_more_under_the_same_nonce(stuck, worker):
    first = stuck.attempts[0]
    clock.advance(timedelta(seconds=21))
    stuck_transactions.sweep()
    db.session.refresh(stuck)
    last = stuck.attempts[-1]
    assert (len(stuck.attempts), last.nonce) == (2, first.nonce)
    assert last.tip >= -(-first.tip * 9 // 8) and last.cap >= -(-first.cap * 9 // 8)


@pytest.fixture
def unsent(queued, blocks_wait, monkeypatch):
    """Saved, and the worker killed before it was sent."""
    blocks_wait()
    with monkeypatch.context() as killed:
        killed.setattr(transactions, "broadcast", lambda pool, raw: transactions.Sent(False, ["not sent"]))
        chain.submit(queued.id)
    assert queued.state == "signed"
    return queued


def test_what_no_node_takes_for_its_price_offers_more_too(unsent, worker, anvil):
    first = unsent.attempts[0]
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(2 * first.cap))
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    db.session.refresh(unsent)
    assert (unsent.state, len(unsent.attempts)) == ("signed", 1)
    clock.advance(timedelta(seconds=21))
    stuck_transactions.sweep()
    db.session.refresh(unsent)
    assert (unsent.state, [attempt.nonce for attempt in unsent.attempts]) == ("sent", [first.nonce] * 2)
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    db.session.refresh(unsent)
    assert unsent.state == "mined"


def test_what_no_node_takes_for_want_of_funds_offers_no_more(unsent, worker, anvil):
    """It would take even more to bring it out then."""
    signer = node.addresses()[0]
    anvil.call("anvil_setBalance", signer, "0x1")
    for seconds in (21, 41, 81):
        clock.advance(timedelta(seconds=seconds))
        stuck_transactions.sweep()
    db.session.refresh(unsent)
    assert (unsent.state, len(unsent.attempts)) == ("signed", 1)
    anvil.call("anvil_setBalance", signer, hex(10**20))
    stuck_transactions.sweep()
    db.session.refresh(unsent)
    assert (unsent.state, len(unsent.attempts)) == ("sent", 1)


def test_for_what_belongs_to_another_chain_nothing_is_signed_again(stuck, worker):
    with transaction():
        stuck.deployment.chain_id = 80002
    clock.advance(timedelta(seconds=21))
    stuck_transactions.sweep()
    result = worker.test_cli_runner().invoke(args=["chain", "replace", str(stuck.id)])
    assert result.exit_code == 1 and "the operation belongs to chain 80002, and this is 31337" in result.output
    assert db.session.query(Attempt).count() == 1


def test_each_further_time_it_waits_twice_as_long(stuck, worker):
    counts = []
    for seconds in (21, 21, 21):
        clock.advance(timedelta(seconds=seconds))
        stuck_transactions.sweep()
        counts.append(db.session.query(Attempt).count())
    assert counts == [2, 2, 3]


def test_whichever_attempt_is_mined_the_operation_happens_once(stuck, worker, anvil, run_jobs, audit):
    clock.advance(timedelta(seconds=21))
    stuck_transactions.sweep()
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    db.session.refresh(stuck)
    assert (stuck.state, audit()) == ("mined", GREEN)


def test_a_full_lane_simulates_nothing_in_vain(queued, worker, monkeypatch):
    pool, address = node.pool(), node.addresses()[0]
    with transaction():
        signer_lanes.adopt(address, pool.mined_nonce(address) + signer_lanes.MOST_PENDING)
    monkeypatch.setattr(transactions, "estimate_gas", lambda *_: pytest.fail("it was simulated"))
    stuck_transactions.sweep()
    assert (queued.state, queued.attempts, queued.error) == ("queued", [], None)


def test_the_sweep_leaves_the_queue_to_a_drive_that_is_at_it(queued, worker):
    with alone(f"lane {node.addresses()[0]}"):
        stuck_transactions.sweep()
        assert queued.state == "queued"
    stuck_transactions.sweep()
    assert queued.state == "sent"


def test_who_comes_for_the_next_drive_at_once_finds_the_lane_free(queued, blocks_wait, monkeypatch):
    """It would leave the lane to the one that is about to end, and nobody would be at what waits for its block."""
    free = []

    def come(name, *args):
        with alone(f"lane {args[0]}") as is_alone:
            free.append((name, is_alone))

    monkeypatch.setattr(chain, "enqueue", come)
    blocks_wait()
    chain.drive(node.addresses()[0])
    assert (queued.state, free) == ("sent", [("chain.drive", True)])


def test_the_sweep_leaves_to_a_drive_what_that_has_just_sent(queued, worker, blocks_wait, anvil):
    blocks_wait()
    chain.submit(queued.id)
    anvil.call("evm_mine")
    with alone(f"lane {queued.signer}"):
        stuck_transactions.sweep()
        db.session.refresh(queued)
        assert queued.state == "sent"
        clock.advance(2 * stuck_transactions.SOON)
        stuck_transactions.sweep()
        db.session.refresh(queued)
        assert queued.state == "mined"


def test_lanes_at_once_take_their_own_share_and_what_another_leaves_lying(worker, member, monkeypatch):
    """Four lanes that each simulate what another one is about to sign would do everything four times."""
    for number in range(4):
        credit_in_batch(member(f"m{number}"))
    operations = [operation.id for operation in db.session.query(Operation).order_by(Operation.id)]
    begun = []
    monkeypatch.setattr(lanes.Lane, "_simulate", lambda lane, operation: begun.append(operation.id))
    lane = lanes.Lane(node.pool(), node.signers()[0])
    chain.take_queued(lane, 1, 2)
    assert begun == [each for each in operations if each % 2 == 1]
    begun.clear()
    clock.advance(2 * chain.LYING)
    chain.take_queued(lane, 1, 2)
    assert begun == sorted(operations, key=lambda each: (each % 2 != 1, each))


def credit_in_batch(user):
    from lms.jobs import wallets

    holder = books.holder_of(user.id)
    wallets.make(holder.id)
    credit(user, 5, f"credit {user.id}")
    with transaction():
        assert wallet.open_batch()


def test_what_the_chain_has_left_behind_is_driven_again(stuck, worker, anvil):
    """Or its pages would show that it is on its way until the next sweep."""
    fresh = anvil.call("evm_snapshot")
    anvil.call("evm_mine")
    stuck_transactions.sweep()
    db.session.refresh(stuck)
    assert stuck.state == "mined"
    queue.redis.flushdb()
    anvil.call("evm_revert", fresh)
    anvil.call("anvil_dropAllTransactions")
    stuck_transactions.sweep()
    db.session.refresh(stuck)
    jobs = [job.func_name for job in rq.Queue(NAME, connection=queue.redis).jobs]
    assert (stuck.state, jobs) == ("sent", ["lms.jobs.chain.drive"])


def test_an_operator_replaces_one_at_once(stuck, worker):
    result = worker.test_cli_runner().invoke(args=["chain", "replace", str(stuck.id)])
    assert result.exit_code == 0, result.output
    assert db.session.query(Attempt).count() == 2


def test_of_one_that_is_stuck_at_the_most_we_pay_an_admin_is_told(stuck, worker):
    with transaction():
        stuck.attempts[0].cap = transactions.MOST_CAP
        stuck.attempts[0].signed_at -= lanes.STUCK
    stuck_transactions.sweep()
    assert (kinds(), stuck.waits_for_fees, len(stuck.attempts)) == (["fees too high"], True, 1)


def test_a_settlement_that_is_dropped_is_owed_again_and_settled_by_the_next(stuck, worker, anvil, run_jobs, audit):
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(stuck.id)])
    assert result.exit_code == 0, result.output
    anvil.call("evm_setAutomine", True)
    for _ in range(3):
        anvil.call("anvil_mine", "0x3")
        enqueue("stuck_transactions.sweep")
        enqueue("settlement.settle")
        run_jobs()
    states = [operation.state for operation in db.session.query(Operation).order_by(Operation.id)]
    assert states[0] == "failed" and states[1:] == ["final"]
    assert audit() == GREEN


def test_one_whose_dropping_our_rows_have_lost_is_owed_again_too(queued, worker, flow, audit):
    """As after a restored database: the number is used up on the chain, and our rows still wait to mint under it."""
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(queued.id)])
    assert result.exit_code == 0, result.output
    stuck_transactions.sweep()
    with transaction():
        for table in ("attempts", "nonces"):
            db.session.execute(text(f"DELETE FROM {table}"))
        db.session.execute(text("UPDATE operations SET state = 'queued', is_void = false, tx_hash = NULL, block_number = NULL, block_hash = NULL, mined_at = NULL"))
    db.session.expire_all()
    for _ in range(3):
        flow()
    states = [operation.state for operation in db.session.query(Operation).order_by(Operation.id)]
    assert (states, audit()) == (["failed", "final"], GREEN)


def test_a_number_that_a_lost_attempt_used_for_our_entries_is_done(queued, worker, run_jobs, audit):
    bring_and_lose_the_attempt(queued)
    assert (queued.state, db.session.query(Attempt).count()) == ("mined", 0)
    assert kinds() == []
    assert audit() == GREEN


def test_one_that_a_lost_attempt_brought_is_signed_anew_when_the_chain_forgets_it(queued, worker, anvil, flow, audit):
    bring_and_lose_the_attempt(queued)
    assert (queued.state, db.session.query(Attempt).count()) == ("mined", 0)
    anvil.call("anvil_rollback", 1)
    anvil.call("anvil_mine", "0x1")
    with transaction():  # the lane signs again under the nonce that the chain has given back
        db.session.execute(text("UPDATE signers SET next_nonce = :next"), {"next": node.pool().mined_nonce(node.addresses()[0])})
    flow()
    assert (queued.state, db.session.query(Attempt).count(), audit()) == ("final", 1, GREEN)


def test_a_number_that_others_used_is_an_incident_and_stops_settlement(queued, worker):
    token, signer, pool = node.token(), node.signers()[0], node.pool()
    data = token.settle_data(queued.op, [("0x" + "11" * 20, 5)], [])
    nonce = pool.mined_nonce(signer.address)
    signed = transactions.sign(signer, pool.chain_id, token.address, data, nonce, transactions.fees(pool), 500_000)
    mined(pool, signed)
    with transaction():
        db.session.execute(text("UPDATE signers SET next_nonce = next_nonce + 1"))
    stuck_transactions.sweep()
    assert (queued.state, kinds()) == ("queued", ["not our entries"])
    with transaction():
        assert wallet.open_batch() is None


@pytest.mark.parametrize(("times", "told", "state"), [(0.5, "out of funds", "queued"), (10, "funds very low", "sent"), (100, "funds low", "sent")])
def test_an_admin_is_told_at_three_levels_that_gas_runs_out(queued, worker, anvil, times, told, state, blocks_wait):
    blocks_wait()
    pool, signer = node.pool(), node.signers()[0]
    gas = transactions.estimate_gas(pool, signer.address, *contract_calls.data(queued), contract_calls.likely_gas(queued))
    anvil.call("anvil_setBalance", signer.address, hex(int(gas * transactions.fees(pool).cap * times)))
    stuck_transactions.sweep()
    assert (queued.state, kinds()) == (state, [told])


def test_an_operator_pauses_signing_and_resumes_it(queued, worker, run_jobs, audit):
    run = worker.test_cli_runner().invoke
    assert run(args=["chain", "pause", "a look"]).exit_code == 0
    stuck_transactions.sweep()
    assert queued.state == "queued"
    assert "signing is stopped" in run(args=["chain", "status"]).output
    assert run(args=["chain", "resume"]).exit_code == 0
    run_jobs()
    db.session.refresh(queued)
    assert (queued.state, audit()) == ("mined", GREEN)


@pytest.mark.parametrize("known_as", ["sent", "signed"])
def test_a_foreign_nonce_halts_the_lane_until_an_operator_adopts_it(stuck, worker, anvil, run_jobs, audit, known_as):
    """Somebody else signed with this key, and his transaction was mined in the place of ours; the worker that had sent it may have died before it said so."""
    with transaction():
        stuck.state = known_as
    pool, signer, attempt = node.pool(), node.signers()[0], stuck.attempts[0]
    dear = transactions.Fees(attempt.tip * 2, attempt.cap * 2)
    foreign = transactions.sign(signer, pool.chain_id, "0x" + "22" * 20, b"", attempt.nonce, dear, 50_000)
    assert transactions.broadcast(pool, foreign.raw).accepted
    anvil.call("anvil_mine", "0x4")
    stuck_transactions.sweep()
    assert kinds() == ["foreign nonce"]
    anvil.call("evm_setAutomine", True)
    result = worker.test_cli_runner().invoke(args=["chain", "adopt", signer.address])
    assert result.exit_code == 0, result.output
    run_jobs()
    db.session.refresh(stuck)
    assert (stuck.state, [each.nonce for each in stuck.attempts]) == ("mined", [attempt.nonce, attempt.nonce + 1])
    assert audit() == GREEN


def test_a_nonce_nobody_of_ours_used_is_told_before_the_next_is_signed(queued, worker):
    chain.submit(queued.id)
    pool, signer = node.pool(), node.signers()[0]
    awaited(pool, queued.tx_hash)
    nonce, fees = pool.mined_nonce(signer.address), transactions.fees(pool)
    mined(pool, transactions.sign(signer, pool.chain_id, "0x" + "22" * 20, b"", nonce, fees, 50_000))
    stuck_transactions.sweep()
    assert kinds() == ["foreign nonce"]


def test_a_burn_the_contract_skipped_is_owed_again_once_that_is_final(queued, ana, worker, anvil, run_jobs, audit):
    """The holder's tokens are somewhere else: who has his key moved them."""
    from lms.chain import custodial_keys
    from lms.domain.ledger import actions as ledger
    from lms.domain.ledger import queries as books
    from lms.domain.wallet import custody
    from lms.domain.wallet import queries as wallets
    from lms.jobs.wallets import owner

    chain.submit(queued.id)
    run_jobs()
    holder = books.holder_of(ana.id)
    key = custodial_keys.open_key(custody.sealed_keys([wallets.wallet_of(ana.id).address]).popitem()[1], owner(holder.id), node.keks())
    anvil.call("anvil_setBalance", key.address, hex(10**20))
    pool, token, address = node.pool(), node.token(), wallets.wallet_of(ana.id).address
    from lms.chain.signers import LocalSigner

    call = token._data("transfer", "0x" + "33" * 20, 1_000_000)
    moved = transactions.sign(LocalSigner(key), pool.chain_id, token.address, call, 0, transactions.fees(pool), 100_000)
    mined(pool, moved)
    with transaction():
        ledger.post("back", books.member(ana.id, "TEO", "maturing"), books.platform("TEO", "issuance"), 1_000_000, "refund", evidence={"by": "test"})
    enqueue("settlement.settle")
    run_jobs()
    burn = db.session.query(Operation).order_by(Operation.id.desc()).first()
    assert (burn.state, burn.entries[0].is_open) == ("mined", True)
    anvil.call("anvil_mine", "0x3")
    stuck_transactions.sweep()
    db.session.expire_all()
    assert (burn.state, burn.entries[0].kind, kinds()) == ("final", "refused", ["burn skipped"])
    enqueue("settlement.settle")
    run_jobs()
    assert db.session.query(Operation).count() == 2, "it waits until somebody has looked"
    assert address == key.address
