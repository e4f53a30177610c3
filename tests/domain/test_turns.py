"""Whoever queues an operation locks the next number before anything else: so no two of them wait for each other."""

import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.certificates import actions as certificates
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import deposits, key_replacements, losses
from lms.domain.wallet.models import Deposit, Wallet
from lms.domain.withdrawals import releases
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import take_part, teo
from tests.races import PATIENCE, race, until_it_waits


def batch(ana, course):
    return wallet.open_batch


def release(ana, course):
    withdrawal = releases.release("out", ana, "0x" + "bb" * 20, teo(1))
    return lambda: releases.queue(withdrawal)


def move(ana, course):
    wallet_id = db.session.query(Wallet).one().id
    return lambda: key_replacements.queue(wallet_id)


def certificate(ana, course):
    certificates.make(take_part(ana, course))
    return certificates.queue


@pytest.mark.parametrize("prepare", [batch, release, move, certificate])
def test_the_number_is_locked_first(prepare, ana, course, chain, statements):
    keys = dict(ciphertext=b"", wrapped_key=b"", kek_version=1, created_at=clock.now())
    with transaction():
        db.session.add(Wallet(holder_id=books.holder_of(ana.id).id, address="0x" + "aa" * 20, **keys))
        ledger.post("credit", books.platform("TEO", "issuance"), books.member(ana.id, "TEO", "available"), teo(5), "lesson", evidence={"by": "test"})
        queue = prepare(ana, course)
    with statements() as seen, transaction():
        queue()
    locks = [statement for statement in seen if "FOR UPDATE" in statement or "FOR NO KEY UPDATE" in statement or statement.startswith("UPDATE")]
    assert "FROM deployments" in locks[0] and len(locks) > 1


def test_who_is_credited_while_his_release_is_queued_does_not_wait_for_it(app, ana, chain):
    """Who credits has his accounts already, for which the release waits."""
    with transaction():
        ledger.post("credit", books.platform("TEO", "issuance"), books.member(ana.id, "TEO", "available"), teo(5), "lesson", evidence={"by": "test"})
        withdrawal_id = releases.release("out", ana, "0x" + "bb" * 20, teo(1)).id
    ana_id, is_queueing, is_credited, waited = ana.id, threading.Event(), threading.Event(), []
    db.session.rollback()

    def queue():
        releases.queue(db.session.get_one(Withdrawal, withdrawal_id))
        is_queueing.set()
        waited.append(not is_credited.wait(PATIENCE))

    def credit():
        is_queueing.wait(PATIENCE)
        ledger.post("more", books.platform("TEO", "issuance"), books.member(ana_id, "TEO", "maturing"), teo(5), "lesson", evidence={"by": "test"})
        is_credited.set()

    race(app, [queue, credit])
    assert waited == [False]


def test_deposits_of_many_are_credited_in_the_order_of_their_accounts(app, ana, bruno, chain):
    """Who holds ana's, and wants bruno's next, gets them: whoever came first on the chain."""
    with transaction():
        ledger.post("given", books.platform("TEO", "issuance"), books.member(ana.id, "TEO", "available"), teo(2), "grant", evidence={"by": "test"})
        ledger.post("out", books.member(ana.id, "TEO", "available"), books.platform("TEO", "outside"), teo(2), "withdrawal sent", evidence={"by": "test"})
        for number, user in enumerate((bruno, ana)):
            found = dict(deployment_id=onchain.deployment().id, holder_id=books.holder_of(user.id).id, address=f"0x{number:040x}")
            db.session.add(Deposit(tx_hash=f"0x{number:064x}", log_index=0, block_number=1, amount=teo(1), seen_at=clock.now(), **found))
    mine, his = (books.member(user.id, "TEO", "available") for user in (ana, bruno))

    def credit():
        with app.app_context(), transaction():
            deposits.credit()

    other = threading.Thread(target=credit)
    with transaction():
        ledger.lock(mine)
        other.start()
        until_it_waits(other)
        db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        ledger.lock(his)
    other.join()
    db.session.expire_all()
    assert (mine.balance, his.balance) == (teo(1), teo(1))


def test_who_posts_does_not_wait_for_a_loss_that_is_booked(app, ana):
    """Whoever does may hold the accounts for which it waits."""
    with transaction():
        keys = dict(ciphertext=b"", wrapped_key=b"", kek_version=1, created_at=clock.now())
        db.session.add(Wallet(holder_id=books.holder_of(ana.id).id, address="0x" + "aa" * 20, **keys))
        ledger.post("credit", books.platform("TEO", "issuance"), books.member(ana.id, "TEO", "reserved"), teo(5), "lesson", evidence={"by": "test"})
    theft = SimpleNamespace(source="0x" + "aa" * 20, target="0x" + "bb" * 20, amount=teo(1), tx_hash="0x1", log_index=0, block_number=1)
    with app.app_context():
        losses.book(theft, "a test")
        with app.app_context(), transaction():
            db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
            ledger.post("order", books.member(ana.id, "TEO", "reserved"), books.platform("TEO", "escrow"), teo(5), "discount", evidence={"by": "test"})
        db.session.rollback()
    assert books.platform("TEO", "escrow").balance == teo(5)
