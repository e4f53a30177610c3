"""A custodial key is replaced: what its address holds is moved to the new one, once, and the ledger moves nothing."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import text

from lms.chain import anvil as clockwork
from lms.chain import custodial_keys, transactions
from lms.chain import node as reader
from lms.chain.signers import LocalSigner
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Attempt, Entry, Operation
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody, key_replacements
from lms.domain.wallet import queries as wallets
from lms.domain.wallet.models import Deposit, Wallet
from lms.jobs import chain, deposits, node, settlement, stuck_transactions
from lms.jobs.wallets import owner
from lms.queue import enqueue
from rig import ROOT
from tests.conftest import teo
from tests.jobs.acts import GREEN, OUTSIDE, ask, credit
from tests.receipts import mined


@pytest.fixture
def replace(worker):
    """replace("ana@example.org") answers (old address, new address)."""

    def run(holder):
        result = worker.test_cli_runner().invoke(args=["keys", "replace", holder])
        assert result.exit_code == 0, (result.output, result.exception)
        words = result.output.split()
        return words[0], words[4].rstrip(".")

    return run


def held(*addresses):
    balances = reader.holdings(node.pool(), node.token().address, list(addresses)).balances
    return [balances[address] for address in addresses]


def states(kind="move"):
    return [operation.state for operation in db.session.query(Operation).filter_by(kind=kind).order_by(Operation.id).populate_existing()]


def kinds():
    return sorted(kind for (kind,) in db.session.query(Incident.kind))


def newest():
    return db.session.query(Operation).order_by(Operation.id.desc()).first()


def transfer(signer, to, amount):
    """Move TEO by a wallet's own hand."""
    pool, token = node.pool(), node.token()
    nonce = pool.mined_nonce(signer.address)
    signed = transactions.sign(signer, pool.chain_id, token.address, token._data("transfer", to, amount), nonce, transactions.fees(pool), 100_000)
    mined(pool, signed)


def test_what_the_old_address_holds_is_moved_to_the_new_one(rich, replace, flow, audit):
    transfers = db.session.query(Transfer).count()
    old, new = replace(rich.email)
    assert wallets.overview(rich.id).address == wallets.wallet_of(rich.id).address == new != old
    flow()
    assert (held(old, new), states(), audit()) == ([0, teo(50)], ["final"], GREEN)
    assert db.session.query(Transfer).count() == transfers
    deposits.scan()
    assert (db.session.query(Deposit).count(), wallets.balance(rich.id).available) == (0, teo(50))
    assert not db.session.query(Wallet).filter_by(must_move=True).count()


def test_the_audit_is_clean_at_every_step(rich, replace, anvil, run_jobs, audit):
    replace(rich.email)
    rows = [audit()]
    settlement.settle()
    rows.append(audit())
    operation = newest()
    chain.submit(operation.id)
    rows.append(audit())
    run_jobs()
    rows.append((operation.state, audit()))
    anvil.call("anvil_mine", "0x3")
    rows.append(audit())
    stuck_transactions.sweep()
    deposits.scan()
    rows.append((operation.state, audit()))
    assert rows == [GREEN, GREEN, GREEN, ("mined", GREEN), GREEN, ("final", GREEN)]


def test_it_waits_for_the_settlement_that_is_open(rich, worker, replace, flow, audit):
    """It was queued for the old address, and is signed by the old key."""
    with transaction():
        ledger.post("back", books.member(rich.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(8), "refund", evidence={"by": "test"})
    with transaction():
        burn = wallet.open_batch()
    old, new = replace(rich.email)
    settlement.settle()
    assert (states(), burn.entries[0].address) == ([], old)
    flow()
    assert (burn.state, held(old, new), states(), audit()) == ("final", [0, teo(42)], ["final"], GREEN)


def test_later_settlements_and_withdrawals_wait_for_it(rich, worker, replace, flow, audit):
    replace(rich.email)
    with transaction():
        ledger.post("back", books.member(rich.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(8), "refund", evidence={"by": "test"})
        assert wallet.open_batch() is None
    withdrawal = ask(rich, 20)
    settlement.settle()
    with transaction():
        assert wallet.open_batch() is None
    assert (withdrawal.state, states()) == ("approved", ["queued"])
    flow()
    flow()
    assert (withdrawal.state, held(OUTSIDE, wallets.wallet_of(rich.id).address), audit()) == ("sent", [teo(20), teo(22)], GREEN)
    assert {entry.address for entry in db.session.query(Entry).filter(Entry.kind.in_(("burn", "release")))} == {wallets.wallet_of(rich.id).address}


def test_what_comes_to_the_old_address_later_is_credited_and_moved_again(rich, holding, replace, anvil, flow, audit):
    old, new = replace(rich.email)
    flow()
    transfer(holding, old, teo(5))
    assert audit() == GREEN
    anvil.call("anvil_mine", "0x3")
    deposits.scan()
    assert (wallets.balance(rich.id).available, audit()) == (teo(35), GREEN)
    with transaction():
        ledger.post("back", books.member(rich.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(35), "refund", evidence={"by": "test"})
        assert wallet.open_batch() is None, "what is burned may be at the old address"
    flow()
    flow()
    assert (held(old, new), states(), audit()) == ([0, 0], ["final", "final"], GREEN)
    assert db.session.query(Deposit).count() == 1


def test_a_withdrawal_to_the_members_own_old_address_comes_back_as_a_deposit(rich, replace, flow, audit):
    old, new = replace(rich.email)
    flow()
    ask(rich, 20, to=old)
    flow()
    deposits.scan()
    flow()
    assert (held(old, new), wallets.balance(rich.id).available, audit()) == ([0, teo(50)], teo(50), GREEN)


def test_a_key_replaced_twice_moves_all_to_the_last(rich, replace, flow, audit):
    first, second = replace(rich.email)
    settlement.settle()
    second_again, third = replace(rich.email)
    flow()
    flow()
    assert second_again == second
    assert (held(first, second, third), states(), audit()) == ([0, 0, teo(50)], ["final", "final"], GREEN)


def test_the_treasurys_key_is_replaced_like_a_members(rich, worker, replace, flow, audit):
    with transaction():
        ledger.post("seed", books.platform("TEO", "issuance"), books.platform("TEO", "treasury"), teo(7), "grant", evidence={"by": "test"})
    flow()
    old, new = replace("treasury")
    flow()
    assert (held(old, new), audit()) == ([0, teo(7)], GREEN)


def test_who_is_nobody_has_no_key(worker, ana):
    run = worker.test_cli_runner().invoke
    assert "no member with this address" in run(args=["keys", "replace", "nobody@example.org"]).output
    assert "has no address yet" in run(args=["keys", "replace", ana.email]).output


def test_one_that_nobody_could_send_in_time_is_made_anew(rich, replace, flow, audit):
    old, new = replace(rich.email)
    settlement.settle()
    clockwork.advance(node.pool(), 2 * 24 * 3600)
    stuck_transactions.sweep()
    assert states() == ["failed"]
    flow()
    flow()
    assert (states(), held(old, new), audit()) == (["failed", "final"], [0, teo(50)], GREEN)


def test_one_that_a_reorg_undid_and_that_came_too_late_then_is_made_anew(rich, replace, anvil, run_jobs, flow, audit):
    """Our rows had called the old address empty by then."""
    old, new = replace(rich.email)
    enqueue("settlement.settle")
    run_jobs()
    settlement.settle()
    assert (states(), db.session.query(Wallet).filter_by(must_move=True).count()) == (["mined"], 0)
    anvil.call("anvil_rollback", 1)
    node.pool().forget_head()
    assert held(old, new) == [teo(50), 0]
    clockwork.advance(node.pool(), 2 * 24 * 3600)
    for _ in range(4):
        flow()
    assert (set(states()[:-1]), states()[-1], held(old, new), audit()) == ({"failed"}, "final", [0, teo(50)], GREEN)


def test_one_that_an_operator_dropped_is_made_anew(rich, worker, replace, flow, audit):
    old, new = replace(rich.email)
    settlement.settle()
    result = worker.test_cli_runner().invoke(args=["chain", "void", str(newest().id)])
    assert result.exit_code == 0, result.output
    flow()
    flow()
    assert (states(), held(old, new), audit()) == (["failed", "final"], [0, teo(50)], GREEN)


def test_one_the_chain_refuses_because_the_tokens_are_gone_is_an_incident(rich, worker, anvil, replace, run_jobs, flow, audit):
    """Who else has the old key was faster: nothing is sent, and the audit says what is missing."""
    old, _ = replace(rich.email)
    key = custodial_keys.open_key(custody.sealed_keys([old])[old], owner(books.holder_of(rich.id).id), node.keks())
    anvil.call("anvil_setBalance", old, hex(10**20))
    transfer(LocalSigner(key), OUTSIDE, teo(50))
    enqueue("settlement.settle")
    run_jobs()
    for _ in range(2):
        flow()
    assert (states(), kinds()) == (["queued"], ["move refused"])
    assert db.session.query(Attempt).filter_by(operation_id=newest().id).count() == 0
    assert not audit().startswith("differences 0")


def test_one_whose_tokens_a_reorg_took_back_waits_for_them_and_is_no_incident(rich, anvil, replace, flow, audit):
    old, new = replace(rich.email)
    settlement.settle()
    (brought,) = db.session.query(Operation.block_number).filter_by(kind="settle").one()
    anvil.call("anvil_rollback", node.pool().head().number - brought + 1)
    node.pool().forget_head()
    chain.submit(newest().id)
    assert (states(), kinds(), held(old, new)) == (["queued"], [], [0, 0])
    for _ in range(4):
        flow()
    assert (states(), kinds(), held(old, new), audit()) == (["final"], [], [0, teo(50)], GREEN)


def test_one_whose_tokens_came_by_a_move_that_a_reorg_took_back_waits_for_it_and_is_no_incident(rich, anvil, replace, run_jobs, flow, audit):
    """The mint is final by then: what is young is the move that brought them there."""
    flow()
    first, second = replace(rich.email)
    enqueue("settlement.settle")
    run_jobs()
    _, third = replace(rich.email)
    settlement.settle()
    assert (states(), held(first, second)) == (["mined", "queued"], [0, teo(50)])
    anvil.call("anvil_rollback", 1)
    node.pool().forget_head()
    chain.submit(newest().id)
    assert (states(), kinds(), held(first, second)) == (["mined", "queued"], [], [teo(50), 0])
    for _ in range(4):
        flow()
    assert (states(), kinds(), held(first, second, third), audit()) == (["final", "final"], [], [0, 0, teo(50)], GREEN)


def test_a_number_the_chain_has_for_this_move_already_is_done(rich, worker, replace, run_jobs, audit):
    """As after a lost row: the chain has moved it, and our rows know of no attempt."""
    old, new = replace(rich.email)
    enqueue("settlement.settle")
    run_jobs()
    with transaction():
        for table in ("nonces", "attempts"):
            db.session.execute(text(f"DELETE FROM {table} WHERE operation_id = :id"), {"id": newest().id})
        db.session.execute(text("UPDATE operations SET state = 'queued', tx_hash = NULL WHERE id = :id"), {"id": newest().id})
        db.session.execute(text("UPDATE entries SET is_open = true WHERE operation_id = :id"), {"id": newest().id})
    db.session.expire_all()
    stuck_transactions.sweep()
    assert (states(), kinds(), held(old, new), audit()) == (["mined"], [], [0, teo(50)], GREEN)


def test_one_lost_with_the_rows_is_taken_over(rich, replace, backup, recover, flow, audit):
    old, new = replace(rich.email)
    restore = backup()
    flow()
    restore()
    assert "1 operations taken over" in recover()
    flow()
    assert (states(), held(old, new), wallets.balance(rich.id).available, audit()) == (["final"], [0, teo(50)], teo(50), GREEN)


def test_one_to_an_address_made_after_the_backup_took_along_what_was_spent_and_not_burned(rich, replace, backup, recover, flow, audit):
    with transaction():
        ledger.post("back", books.member(rich.id, "TEO", "available"), books.platform("TEO", "issuance"), teo(20), "refund", evidence={"by": "test"})
    restore = backup()
    old, lost = replace(rich.email)
    flow()
    assert held(old, lost) == [0, teo(30)]
    restore()
    recover()
    assert (kinds(), wallets.balance(rich.id).total, books.platform("TEO", "outside").balance, audit()) == (["address lost"], 0, teo(30), GREEN)
    flow()
    assert (held(old, lost), audit()) == ([0, teo(30)], GREEN)


def test_one_that_took_along_what_a_refund_has_taken_leaves_the_debt_as_it_is(rich, bruno, replace, backup, recover, flow, audit):
    credit(bruno, teo(20), "another's")
    flow()
    with transaction():
        debts.take_back("refund", [books.member(rich.id, "TEO", "available")], books.platform("TEO", "issuance"), teo(60), "refund", evidence={"by": "test"})
    restore = backup()
    old, lost = replace(rich.email)
    flow()
    assert held(old, lost) == [0, 0]
    restore()
    recover()
    flow()
    debt = books.member(rich.id, "TEO", "debt").balance
    assert (wallets.balance(rich.id).total, debt, held(old, lost)) == (0, -teo(10), [0, 0])
    assert audit() == "differences 0, supply + 20.000000 TEO that wait for settlement = ledger"  # bruno's, who has no address


class Mortal:
    """Jobs in workers that die by SIGKILL at the n-th commit or call of a node from now."""

    def __init__(self, environ):
        command = [sys.executable, "-m", "tests.faults.workers"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, kill, *jobs):
        """Whether all were done; each begins when the one before has ended."""
        for name, *args in jobs:
            order = {"jobs": [{"do": name, "args": args}], "mutant": None, "config": {}, "left": {"kill": kill}}
            print(json.dumps(order), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
            if answer["fates"] != ["done"]:
                assert answer["fates"] == ["killed"]
                return False
            kill = answer["left"]["kill"]
        return True

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)


@pytest.fixture
def mortal(worker, worker_environ):
    import os

    mortal = Mortal({**worker_environ, "PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"})
    yield mortal
    mortal.close()


def test_workers_killed_at_every_point_of_its_life_move_it_once(rich, worker, anvil, mortal, audit):
    """The n-th worker dies at its n-th point, so that each stage of the move meets many deaths; then one lives."""
    old, signer = wallets.wallet_of(rich.id).address, node.addresses()[0]
    lives, deaths = [("tests.faults.deeds.command", "keys", "replace", rich.email)], 0
    while not mortal.run(deaths + 1, *lives):
        deaths += 1
        db.session.rollback()
        if key_replacements.in_use(books.holder_of(rich.id).id).address != old:
            lives = [("lms.jobs.settlement.settle",), ("lms.jobs.chain.drive", signer), ("lms.jobs.stuck_transactions.sweep",), ("lms.jobs.deposits.scan",)]
        anvil.call("anvil_mine", "0x1")
        db.session.rollback()
    for _ in range(3):
        anvil.call("anvil_mine", "0x3")
        assert mortal.run(0, *lives)
    db.session.rollback()
    new = wallets.wallet_of(rich.id).address
    assert deaths > 10
    assert (states(), held(old, new), audit()) == (["final"], [0, teo(50)], GREEN)
    assert (db.session.query(Wallet).filter_by(holder_id=books.holder_of(rich.id).id).count(), kinds()) == (2, [])
