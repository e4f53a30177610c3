"""What `flask chain status` says of the chain, the signers, the queue and the books."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.onchain import queries, signer_lanes
from lms.jobs import node, stuck_transactions
from tests.conftest import teo
from tests.faults.proxy import Proxy
from tests.jobs.acts import credit

LATER = 90  # seconds


def told(app, code=0):
    db.session.expire_all()
    result = app.test_cli_runner().invoke(args=["chain", "status"])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output.splitlines()


@pytest.fixture
def busy(worker, queued, bruno, anvil, blocks_wait):
    """A worker has seen the chain and sent an operation; then blocks came, a minute and a half went by, a leg was posted, and another half minute went."""
    blocks_wait()
    stuck_transactions.sweep()
    anvil.call("anvil_dropAllTransactions")
    anvil.call("anvil_mine", "0x5")
    clock.advance(timedelta(seconds=LATER))
    credit(bruno, teo(3), "gift")
    clock.advance(timedelta(seconds=30))
    return worker


def seconds(line):
    """The number before " s", and the line with N in its place: a busy machine takes some more."""
    words = line.split()
    place = words.index("s") - 1
    return int(words[place]), " ".join([*words[:place], "N", *words[place + 1 :]])


def test_heights_and_how_far_they_lag(busy):
    pool, seen = node.pool(), queries.chain_state()
    head = pool.head().number
    lines = told(busy)
    assert lines[0] == f"chain 31337, head {head}, final {head - 2}"
    age, line = seconds(lines[1])
    assert line == f"a worker saw block {head - 5}, 5 behind, N s ago" and LATER + 30 <= age < LATER + 60 and seen.head == head - 5
    scanned = queries.deployment().scanned_block
    assert lines[2] == f"next operation 2, deposits known to block {scanned}, {head - scanned} behind"
    assert lines[3:6] == [f"{contract.name} {contract.address}" for contract in queries.deployment().contracts]


def test_signers_with_balance_and_nonces_and_why_one_halts(busy, anvil):
    pool, address = node.pool(), node.addresses()[0]
    anvil.call("anvil_setBalance", address, hex(1_250 * 10**15))
    with transaction():
        signer_lanes.halt(address, "A transaction that is not ours has taken a nonce of this signer.")
    halted = "HALTED: A transaction that is not ours has taken a nonce of this signer."
    assert f"signer {address}, 1.2500 coins, {pool.mined_nonce(address)} mined, next nonce {pool.mined_nonce(address) + 1}, {halted}" in told(busy)


def test_the_queue_and_how_long_the_oldest_of_it_waits(busy, queued):
    lines = told(busy)
    assert "sent     1" in lines
    age, line = seconds(next(line for line in lines if line.startswith("oldest operation")))
    assert line == f"oldest operation on its way: {queued.id}, sent, waits for N s" and LATER + 30 <= age < LATER + 60
    age, line = seconds(next(line for line in lines if line.startswith("uncovered")))
    assert line == "uncovered legs: 1, of holders: 1, the oldest waits for N s" and 30 <= age < 60


def test_what_stands_still_and_which_incidents_are_open(busy, ada):
    with transaction():
        audit.stop("signing", "a look")
        for subject in ("0x12", "0x34"):
            audit.open_incident("foreign nonce", subject, nonce=3)
    with transaction():
        audit.close_incident(db.session.query(Incident).filter_by(subject="0x34").one(), ada, "It was me.")
    lines, incident = told(busy), db.session.query(Incident).filter_by(subject="0x12").one()
    assert f"signing is stopped since {switches.stopped_at('signing'):%Y-%m-%d %H:%M} UTC: a look" in lines
    assert lines[-2:] == ["incidents 1", f"  foreign nonce: 0x12, since {incident.opened_at:%Y-%m-%d %H:%M} UTC"]


def test_the_kill_switch_and_a_suspicion_are_told_too_and_resume_leaves_the_payouts_stopped(busy):
    with transaction():
        for part in ("signing", "payouts", "difference suspected"):
            audit.stop(part, f"a look at {part}")
    lines, since = told(busy), f"since {switches.stopped_at('payouts'):%Y-%m-%d %H:%M} UTC"
    assert {f"signing is stopped {since}: a look at signing", f"payouts is stopped {since}: a look at payouts", f"difference suspected {since}: a look at difference suspected"} <= {*lines}
    busy.test_cli_runner().invoke(args=["chain", "resume"])
    lines = "\n".join(told(busy))
    assert "signing is stopped" not in lines and "payouts is stopped" in lines


def test_many_incidents_are_told_shortly(busy):
    with transaction():
        for number in range(30):
            audit.open_incident("burn skipped", number)
    lines = told(busy)
    assert lines[-26] == "incidents 30" and lines[-1] == "  and 6 older"


def test_what_the_database_knows_is_told_while_no_node_answers(busy):
    with transaction():
        audit.stop("signing", "a look")
        audit.open_incident("foreign nonce", "0x12", nonce=3)
        signer_lanes.halt(node.addresses()[0], "A look.")
    up = told(busy)
    busy.config["RPC_URLS"] = ("http://127.0.0.1:1/a-key",)
    down = told(busy, code=1)
    assert down[0].startswith("chain 31337 does not answer: http://127.0.0.1:1: ConnectionError") and "a-key" not in "".join(down)
    assert seconds(down[1])[1] == f"a worker saw block {queries.chain_state().head}, N s ago"
    assert down[2] == f"next operation 2, deposits known to block {queries.deployment().scanned_block}"
    assert down[3:6] == up[3:6]
    assert f"signer {node.addresses()[0]}, next nonce {queries.signers()[node.addresses()[0]].next_nonce}, HALTED: A look." in down
    assert "sent     1" in down and down[-3:] == up[-3:] and "signing is stopped" in down[-3]


def test_endpoints_that_differ_about_a_signer_hide_nothing_else(busy, anvil, request):
    other = "0x" + "11" * 20
    with transaction():
        signer_lanes.halt(other, "A look.")
    mine, pool = node.addresses()[0], node.pool()
    lagging = Proxy(anvil.url, lambda method, forward: {"result": "0x63"} if method == "eth_getTransactionCount" and mine in forward.params else forward())
    request.addfinalizer(lagging.close)
    busy.config["RPC_URLS"] = (anvil.url, lagging.url)
    lines = told(busy)
    assert f"signer {mine}, not seen: 2 endpoints give 2 answers, next nonce {pool.mined_nonce(mine) + 1}" in lines
    assert f"signer {other}, 0.0000 coins, 0 mined, next nonce 0, HALTED: A look." in lines
    assert "sent     1" in lines


def test_where_nothing_is_yet(undeployed):
    assert told(undeployed)[1:] == ["no worker has seen the chain yet", "nothing is deployed", "incidents 0"]
