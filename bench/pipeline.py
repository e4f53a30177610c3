"""Recipients a second: from legs that are due in the database to mined and marked, with everything that runs meanwhile."""

import secrets
import time

from eth_utils import to_checksum_address
from sqlalchemy import text

from bench.measure import Figure
from bench.works import works
from lms import clock
from lms.db import db, transaction
from lms.domain.wallet import reconciliation
from lms.domain.wallet.actions import LARGEST_BATCH
from lms.jobs import balances, chain, node, settlement
from lms.jobs.lanes import Lane
from lms.queue import enqueue
from rig import Refusal

HOLDERS = 24_000
AMOUNT = 1_000  # millionths of TEO
LONGEST = 1200  # seconds

_MEMBERS = """
    INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at, verified_at)
    SELECT 'holder' || n || '@example.org', 'Holder ' || n, 'none', 'student', 'en', 'UTC', :now, :now FROM generate_series(1, :holders) n;
    INSERT INTO holders (user_id) SELECT id FROM users ORDER BY id;
    INSERT INTO accounts (user_id, holder_id, name, asset, sign, balance) SELECT user_id, id, 'available', 'TEO', 1, 0 FROM holders WHERE user_id IS NOT NULL"""

_WALLETS = """
    INSERT INTO wallets (holder_id, address, ciphertext, wrapped_key, kek_version, created_at, must_move)
    SELECT h.id, a.address, '', '', 1, :now, false FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM holders) h
    JOIN unnest(CAST(:addresses AS text[])) WITH ORDINALITY a (address, n) ON a.n = h.n"""

_LEGS = """
    INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, target_holder_id)
    SELECT :round || ':' || a.id, i.id, a.id, 'TEO', :amount, :now, 'lesson', '{}', a.holder_id
    FROM accounts a, accounts i WHERE a.name = 'available' AND i.name = 'issuance' ORDER BY a.id;
    UPDATE accounts SET balance = balance + :amount WHERE name = 'available';
    UPDATE accounts SET balance = balance - CAST(:amount AS bigint) * :holders WHERE name = 'issuance'"""

_LEFT = text("""
    SELECT EXISTS (SELECT 1 FROM transfers WHERE target_entry_id IS NULL AND target_holder_id IS NOT NULL)
        OR EXISTS (SELECT 1 FROM operations WHERE state IN ('queued', 'signed', 'sent'))""")


def figures():
    with works() as pipeline:
        _make_holders()
        _measure(pipeline, 4)  # those who have got something before are cheaper for the chain, and are those measured
        one, four = _measure(pipeline, 1), _measure(pipeline, 4)
        sent = _sign_and_send()
    return [
        Figure("pipeline.recipients_per_s.1", one, "recipients/s", 1500, at_least=True),
        Figure("pipeline.recipients_per_s.4", four, "recipients/s", 3000, at_least=True),
        Figure("pipeline.sign_and_send.recipients_per_s.1", sent, "recipients/s"),
    ]


def _make_holders():
    addresses = [to_checksum_address(secrets.token_bytes(20)) for _ in range(HOLDERS + 1)]
    with transaction():
        _run(_MEMBERS, holders=HOLDERS, now=clock.now())
        _run(_WALLETS, addresses=addresses, now=clock.now())


def _measure(pipeline, signers):
    """Recipients a second, one due leg for each, with so many signers at work."""
    with pipeline.running(signers):
        with transaction():
            _run(_LEGS, round=secrets.token_hex(4), amount=AMOUNT, holders=HOLDERS, now=clock.now())
        began = time.monotonic()
        enqueue("settlement.settle")
        _await_the_chain(began)
        seconds = time.monotonic() - began
    _check()
    return HOLDERS / seconds


def _sign_and_send():
    """Recipients a second of what one lane signs, saves and sends until its nodes take no more of it."""
    with transaction():
        _run(_LEGS, round=secrets.token_hex(4), amount=AMOUNT, holders=HOLDERS, now=clock.now())
    settlement.settle()
    lane, began = Lane(node.pool(), node.signers()[0]), time.monotonic()
    sent = chain.take_queued(lane)
    return sent * LARGEST_BATCH / (time.monotonic() - began)


def _await_the_chain(began):
    while db.session.scalar(_LEFT):
        db.session.rollback()
        if time.monotonic() - began > LONGEST:
            raise Refusal(f"Not all was on the chain after {LONGEST} seconds.")
        time.sleep(0.1)
    db.session.rollback()


def _check():
    """What is fast and wrong is worth nothing."""
    row = reconciliation.audit(balances.observe(node.pool(), node.token()))
    db.session.rollback()
    if row.differences:
        raise Refusal(f"The ledger and the chain differ after the measurement: {row}")


def _run(sql, **values):
    for statement in sql.split(";"):
        names = {name: value for name, value in values.items() if f":{name}" in statement}
        db.session.execute(text(statement), names)
