"""Worker and node are killed between webhook and mint; the demo started again finishes the one job, once."""

import os
import signal
import subprocess
import time

import psycopg
import pytest

from rig import ROOT
from rig.demo import Demo
from rig.tools import VENV
from tests.e2e.visitor import Visitor, pay

COURSE, PRICE = "how-blockchains-really-work", 8000
PATIENCE = 90  # seconds
STATES = ["queued", "signed", "sent", "mined", "final"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def lives(directory):
    """The demos of this directory, one after the other: the last one runs, and has the data of all."""
    lives = [Demo(directory)]
    try:
        lives[0].start()
        yield lives
    finally:
        lives[-1].remove()


def ask(demo, statement, *values):
    with psycopg.connect(demo.web_env["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(statement, values).fetchall()


def wait_for(demo, statement, *values):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if ask(demo, statement, *values)[0][0]:
            return
        time.sleep(0.01)
    raise AssertionError(f"never true: {statement}")


def kill(*processes):
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)


def audit(demo):
    """The last line of `flask audit` once everything is settled."""
    command = [VENV / "bin" / "flask", "-e", demo.directory / "worker.env", "audit"]
    until = time.monotonic() + PATIENCE
    while True:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout
        line = said.strip().splitlines()[-1]
        if line.startswith("differences 0, supply = ledger") or time.monotonic() > until:
            return line
        time.sleep(0.5)


@pytest.mark.parametrize("moment", ["at the webhook", "queued", "signed", "sent"])
def test_killed_between_webhook_and_mint(lives, directory, moment):
    demo = lives[-1]
    visitor = Visitor(demo.url).sign_up()
    email = visitor.email
    order = visitor.order(COURSE)
    wait_for(demo, "SELECT count(*) = 0 FROM holders h LEFT JOIN wallets w ON w.holder_id = h.id WHERE w.id IS NULL")
    if moment == "at the webhook":
        kill(demo.worker.child, demo.anvil.process.child)
    assert pay(demo.url, demo.web_env["PAYMENT_WEBHOOK_SECRET"], order, PRICE) == 200
    if moment != "at the webhook":
        wait_for(demo, _REACHED, email, STATES[STATES.index(moment) :])
        kill(demo.worker.child, demo.anvil.process.child)
    demo.stop()

    lives.append(again := Demo(directory))
    again.start()
    wait_for(again, _ON_CHAIN, email)
    assert ask(again, "SELECT count(*) FROM enrolments e JOIN users u ON u.id = e.user_id WHERE u.email = %s", email) == [(1,)]
    assert ask(again, "SELECT amount FROM grants g JOIN users u ON u.id = g.user_id WHERE u.email = %s", email) == [(1_600_000,)]
    assert ask(again, _MINTS, email) == [(1_600_000,)]


def test_after_all_of_it_the_supply_is_what_the_ledger_says(lives):
    wait_for(lives[-1], _ALL_FINAL)  # the audit is a program of seconds: not asked before it can be right
    assert audit(lives[-1]) == "differences 0, supply = ledger"


# A job may be faster than the eye: the state waited for, or one behind it.
_REACHED = """SELECT count(*) > 0 FROM entries e JOIN operations o ON o.id = e.operation_id
    JOIN holders h ON h.id = e.holder_id JOIN users u ON u.id = h.user_id WHERE u.email = %s AND o.state = ANY(%s)"""
_ON_CHAIN = """SELECT count(*) > 0 FROM entries e JOIN operations o ON o.id = e.operation_id AND o.state IN ('mined', 'final')
    JOIN holders h ON h.id = e.holder_id JOIN users u ON u.id = h.user_id WHERE u.email = %s"""
_ALL_FINAL = "SELECT count(*) = 0 FROM operations WHERE state != 'final'"
_MINTS = """SELECT e.amount FROM entries e JOIN holders h ON h.id = e.holder_id JOIN users u ON u.id = h.user_id
    WHERE u.email = %s AND e.kind = 'mint'"""
