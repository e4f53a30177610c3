"""TEO that comes from outside to a custodial address."""

from datetime import timedelta

from sqlalchemy import text

from lms import clock
from lms.chain import node as reader
from lms.chain import transactions
from lms.chain.rpc import Pool
from lms.db import db, transaction
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry
from lms.domain.wallet import deposits as crediting
from lms.domain.wallet import queries as wallets
from lms.domain.wallet.models import Deposit
from lms.jobs import deposits, node
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN, ask, credit
from tests.receipts import mined


def available(user):
    return wallets.balance(user.id).available


def test_a_final_deposit_is_credited_once(rich, pay_in, audit):
    pay_in(rich, teo(5))
    for _ in range(2):
        deposits.scan()
    assert available(rich) == teo(35)
    told = db.session.query(Notice).filter_by(user_id=rich.id, kind="deposit credited").one()
    assert told.facts == {"amount": teo(5), "transactions": [db.session.query(Deposit).one().tx_hash]}
    assert books.platform("TEO", "outside").balance == teo(15)
    assert audit() == GREEN


def test_one_in_the_place_of_a_block_the_node_forgot_is_credited(rich, pay_in, anvil):
    pay_in(rich, teo(5))
    deposits.scan()
    anvil.call("anvil_rollback", 4)
    pay_in(rich, teo(7))
    deposits.scan()
    assert available(rich) == teo(42)


def test_what_the_node_kept_is_read_once(rich, pay_in, monkeypatch):
    pay_in(rich, teo(5))
    deposits.scan()
    known, asked, read = onchain.deployment().scanned_block, [], reader.transfers
    monkeypatch.setattr(reader, "transfers", lambda pool, token, first, last: asked.append(first) or read(pool, token, first, last))
    pay_in(rich, teo(7))
    deposits.scan()
    not_final = onchain.deployment().scanned_block + 1
    assert (asked, available(rich)) == ([known + 1, not_final], teo(42))


def test_a_block_the_node_forgets_meanwhile_is_scanned_the_next_time(rich, pay_in, monkeypatch):
    deposits.scan()
    known, block = onchain.deployment().scanned_block, Pool.block
    pay_in(rich, teo(5))
    with monkeypatch.context() as forgetful:
        forgetful.setattr(Pool, "block", lambda pool, number: block(pool, number) if number <= known else None)
        deposits.scan()
    assert (onchain.deployment().scanned_block, available(rich)) == (known, teo(30))
    deposits.scan()
    assert available(rich) == teo(35)


def test_one_that_is_not_final_is_no_difference_and_no_credit(rich, pay_in, audit):
    pay_in(rich, teo(5), final=False)
    deposits.scan()
    assert (available(rich), audit()) == (teo(30), GREEN)


def test_its_entry_is_born_covered_and_settles_nothing(rich, pay_in, flow, audit):
    pay_in(rich, teo(5))
    deposits.scan()
    flow()
    assert db.session.query(Entry).filter_by(kind="deposit").one().is_open is False
    assert db.session.query(Entry).filter_by(kind="mint").count() == 1
    assert audit() == GREEN


def test_what_was_paid_in_can_be_withdrawn(rich, pay_in, flow, audit):
    pay_in(rich, teo(5))
    deposits.scan()
    withdrawal = ask(rich, 35, key="w2")
    flow()
    assert (withdrawal.state, audit()) == ("sent", GREEN)


def test_small_ones_of_a_day_are_one_credit_on_the_next(rich, pay_in, audit):
    for _ in range(3):
        pay_in(rich, 4_000)
    deposits.scan()
    assert (available(rich), audit()) == (teo(30), GREEN)
    clock.advance(timedelta(days=1))
    deposits.scan()
    assert available(rich) == teo(30) + 12_000
    assert db.session.query(Entry).filter_by(kind="deposit").count() == 1
    assert audit() == GREEN


def _pay_in_yesterday(holder, pay_in, *amounts):
    for amount in amounts:
        pay_in(holder, amount)
    deposits.scan()
    with transaction():
        db.session.query(Deposit).filter_by(entry_id=None).update({"seen_at": clock.now() - timedelta(days=1)})


def test_one_that_is_late_waits_for_the_next_days_credit(rich, pay_in, audit):
    _pay_in_yesterday(rich, pay_in, 4_000)
    deposits.scan()
    _pay_in_yesterday(rich, pay_in, 3_000)
    deposits.scan()
    assert (available(rich), audit()) == (teo(30) + 4_000, GREEN)
    clock.advance(timedelta(days=1))
    deposits.scan()
    assert (available(rich), audit()) == (teo(30) + 7_000, GREEN)


def test_two_addresses_of_a_holder_have_one_credit_a_day(rich, pay_in, monkeypatch):
    for amount in (4_000, 3_000):
        pay_in(rich, amount)
    deposits.scan()
    with transaction():
        first, second = db.session.query(Deposit).order_by(Deposit.id)
        first.seen_at = second.seen_at = clock.now() - timedelta(days=1)
        second.address = "0x" + "ab" * 20
    both = [(first.holder_id, first.address), (second.holder_id, second.address)]
    with monkeypatch.context() as racing:  # as two workers that looked at the same time
        racing.setattr(crediting, "_with_small", lambda today: both)
        deposits.scan()
    deposits.scan()
    assert available(rich) == teo(30) + 4_000
    clock.advance(timedelta(days=1))
    deposits.scan()
    assert available(rich) == teo(30) + 7_000
    assert db.session.query(Entry).filter_by(kind="deposit").count() == 2


def test_small_ones_that_another_worker_has_are_left_to_him(app, rich, pay_in):
    """Who waited for them, with what he has locked already, would wait for ever where the other waits for that."""
    _pay_in_yesterday(rich, pay_in, 4_000)
    with app.app_context():
        db.session.execute(text("SELECT id FROM deposits FOR UPDATE"))
        with app.app_context(), transaction():
            db.session.execute(text("SET LOCAL lock_timeout = 100"))
            assert crediting.credit() == set()
        db.session.rollback()
    deposits.scan()
    assert available(rich) == teo(30) + 4_000


def test_small_ones_keep_no_other_waiting(rich, pay_in, audit, monkeypatch):
    monkeypatch.setattr(crediting, "MOST", 2)
    _pay_in_yesterday(rich, pay_in, 1_000, 2_000, 3_000)
    pay_in(rich, teo(1))
    deposits.scan()
    assert (available(rich), audit()) == (teo(31) + 6_000, GREEN)


def test_what_the_outside_cannot_have_had_is_parked(rich, pay_in, audit):
    pay_in(rich, teo(5))
    with transaction():
        outside, treasury = books.platform("TEO", "outside"), books.platform("TEO", "issuance")
        from lms.domain.ledger import actions as ledger

        ledger.post("a fault", outside, treasury, teo(18), "fault", evidence={"by": "test"})
    deposits.scan()
    assert available(rich) == teo(30)
    assert db.session.query(Deposit).one().is_parked
    assert db.session.query(Incident).one().kind == "deposit unexplained"


def test_a_mint_that_is_not_ours_stops_settlement(rich, worker, anvil):
    pool, token, signer = node.pool(), node.token(), node.signers()[0]
    data = token.settle_data(999, [(wallets.wallet_of(rich.id).address, teo(1))], [])
    signed = transactions.sign(signer, pool.chain_id, token.address, data, pool.mined_nonce(signer.address), transactions.fees(pool), 500_000)
    mined(pool, signed)
    anvil.call("anvil_mine", "0x3")
    deposits.scan()
    assert [incident.kind for incident in db.session.query(Incident)] == ["foreign mint"]
    assert switches.is_stopped("settlement")
    assert db.session.query(Deposit).count() == 0


def test_a_member_who_withdraws_to_another_members_address_pays_him(rich, bruno, worker, run_jobs, flow, audit):
    enqueue("wallets.sweep")
    run_jobs()
    ask(rich, 20, to=wallets.wallet_of(bruno.id).address)
    flow()
    deposits.scan()
    assert (available(bruno), audit()) == (teo(20), GREEN)


def test_what_matures_meanwhile_is_settled_beside_it(rich, pay_in, flow, audit):
    credit(rich, teo(1), "more")
    pay_in(rich, teo(5))
    deposits.scan()
    flow()
    assert (available(rich), audit()) == (teo(36), GREEN)


def test_what_our_rows_do_not_know_as_sent_yet_is_waited_for(rich, bruno, anvil, run_jobs, audit):
    """A release whose end the chain calls final, and no sweep has seen it: the tokens are still releasing."""
    enqueue("wallets.sweep")
    run_jobs()
    ask(rich, 20, to=wallets.wallet_of(bruno.id).address)
    enqueue("settlement.settle")
    run_jobs()
    anvil.call("anvil_mine", "0x3")
    deposits.scan()
    assert (available(bruno), db.session.query(Incident).count(), audit()) == (0, 0, GREEN)
    enqueue("stuck_transactions.sweep")
    run_jobs()
    deposits.scan()
    assert (available(bruno), audit()) == (teo(20), GREEN)
