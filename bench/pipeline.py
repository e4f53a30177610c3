"""Recipients a second: from legs that are due in the database to mined and marked, with everything that runs meanwhile."""

import multiprocessing
import secrets
import time
from concurrent.futures import ProcessPoolExecutor

from eth_utils import to_checksum_address
from sqlalchemy import text

from bench.measure import Figure
from bench.works import works
from lms import clock
from lms.db import db, disconnect, transaction
from lms.domain.onchain.signer_lanes import MOST_PENDING
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
    INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version, target_holder_id)
    SELECT :round || ':' || a.id, i.id, a.id, 'TEO', :amount, :now, 'lesson', '{"by": "bench"}', 1, a.holder_id
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
        _queue()
        sent_by_one, sent_by_four = _sign_and_send(1), _sign_and_send(4)
    return [
        Figure("pipeline.recipients_per_s.1", one, "recipients/s", 1500, at_least=True),
        Figure("pipeline.sign_and_send.recipients_per_s.1", sent_by_one, "recipients/s"),
        Figure("pipeline.recipients_per_s.4", four, "recipients/s", 3000, at_least=True),
        Figure("pipeline.sign_and_send.recipients_per_s.4", sent_by_four, "recipients/s"),
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


def _queue():
    """More batches than five lanes take until their nodes take no more."""
    with transaction():
        _run(_LEGS, round=secrets.token_hex(4), amount=AMOUNT, holders=HOLDERS, now=clock.now())
    settlement.settle()


def _sign_and_send(lanes):
    """Recipients a second of what so many lanes, each in a process of its own, sign, save and send until their nodes take no more of it."""
    _await_room()
    disconnect()  # a child would share the connections
    with ProcessPoolExecutor(lanes, multiprocessing.get_context("fork")) as workers:
        began, ended, sent = zip(*workers.map(_send_in, range(lanes), [lanes] * lanes), strict=True)
    return sum(sent) * LARGEST_BATCH / (max(ended) - min(began))


def _send_in(place, lanes):
    """(when it began, when it ended, how many operations it sent), in seconds of the machine's clock."""
    began = time.monotonic()
    sent = chain.take_queued(Lane(node.pool(), node.signers()[place]), place, lanes)
    return began, time.monotonic(), sent


def _await_room():
    """Until what was sent before is mined: no job is at work that would see to it."""
    began = time.monotonic()
    while any(Lane(node.pool(), signer).room() < MOST_PENDING for signer in node.signers()):
        if time.monotonic() - began > LONGEST:
            raise Refusal(f"What was sent is not mined after {LONGEST} seconds.")
        time.sleep(0.1)


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
