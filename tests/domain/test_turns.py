"""Whoever queues an operation locks the next number before anything else: so no two of them wait for each other."""

import threading

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.certificates import actions as certificates
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import moves
from lms.domain.wallet.models import Wallet
from lms.domain.withdrawals import releases
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import take_part, teo
from tests.races import race


def batch(ana, course):
    return wallet.open_batch


def release(ana, course):
    withdrawal = releases.release("out", ana, "0x" + "bb" * 20, teo(1))
    return lambda: releases.queue(withdrawal)


def move(ana, course):
    wallet_id = db.session.query(Wallet).one().id
    return lambda: moves.queue(wallet_id)


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
        waited.append(not is_credited.wait(3))

    def credit():
        is_queueing.wait(10)
        ledger.post("more", books.platform("TEO", "issuance"), books.member(ana_id, "TEO", "maturing"), teo(5), "lesson", evidence={"by": "test"})
        is_credited.set()

    race(app, [queue, credit])
    assert waited == [False]
