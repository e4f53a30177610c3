"""The chain is looked at again: it must be ours, with our code."""

import os
import subprocess
import sys
import time

import pytest

from lms.db import db, transaction
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.onchain.models import Contract, Deployment
from lms.jobs import contracts, node, schedule
from rig import ROOT
from tests.faults.proxy import Proxy
from tests.jobs.conftest import deploy

OTHER_CODE = "0x6001"


def told():
    return [incident.details["why"] for incident in db.session.query(Incident).filter_by(kind="not our contracts")]


def test_contracts_that_are_ours_are_nobodys_concern(worker):
    contracts.check()
    assert (told(), switches.is_stopped("signing")) == ([], False)


def test_other_code_at_an_address_of_a_deployment_just_made_stops_signing(undeployed, anvil):
    assert deploy(undeployed).exit_code == 0
    anvil.call("anvil_setCode", node.token().address, OTHER_CODE)
    contracts.check()
    assert "is not the one built here" in told()[0]
    assert switches.is_stopped("signing")


def test_a_contract_without_code_is_left_out_and_the_others_are_not(worker, anvil):
    anvil.call("anvil_setCode", db.session.query(Contract).filter_by(name="Notary").one().address, "0x")
    contracts.check()
    assert (told(), switches.is_stopped("signing")) == ([], False)
    anvil.call("anvil_setCode", node.token().address, OTHER_CODE)
    contracts.check()
    assert node.token().address in told()[0] and switches.is_stopped("signing")


def test_another_chain_under_the_same_number_stops_signing(worker):
    with transaction():
        db.session.query(Deployment).one().genesis_hash = "0x" + "ab" * 32
    contracts.check()
    assert "begins with another block" in told()[0]
    assert switches.is_stopped("signing")


def test_code_that_a_development_node_forgot_is_left_to_the_sweep(worker, anvil):
    anvil.call("anvil_setCode", node.token().address, "0x")
    contracts.check()
    assert (told(), switches.is_stopped("signing")) == ([], False)


def test_endpoints_that_differ_end_no_check_for_good(worker, anvil, request):
    """One lags: nothing is known yet, no job fails, and the next check asks again."""
    lags = []

    def behave(method, forward):
        return {"result": "0x"} if lags and method == "eth_getCode" else forward()

    proxy = Proxy(anvil.url, behave)
    request.addfinalizer(proxy.close)
    worker.config["RPC_URLS"] = (anvil.url, proxy.url)
    anvil.call("anvil_setCode", node.token().address, OTHER_CODE)
    lags.append(True)
    contracts.check()
    assert (told(), switches.is_stopped("signing")) == ([], False)
    lags.clear()
    contracts.check()
    assert switches.is_stopped("signing")
    assert dict(schedule.TABLE)["contracts.check"] <= 300


def test_counts_of_nonces_that_differ_hide_no_wrong_code(worker, anvil, request):
    proxy = Proxy(anvil.url, lambda method, forward: {"result": "0x0"} if method == "eth_getTransactionCount" else forward())
    request.addfinalizer(proxy.close)
    worker.config["RPC_URLS"] = (anvil.url, proxy.url)
    anvil.call("anvil_setCode", node.token().address, OTHER_CODE)
    contracts.check()
    assert node.token().address in told()[0] and switches.is_stopped("signing")


@pytest.fixture
def starting_worker(worker_environ):
    """A worker of its own; what runs by the clock is asked for by another process, which is not there."""
    process = subprocess.Popen([sys.executable, "-m", "lms.jobs.worker"], cwd=ROOT, env={"PATH": os.environ["PATH"], **worker_environ})
    yield process
    process.terminate()
    process.wait(30)


def _comes(is_so, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_so():
        db.session.rollback()  # what others did meanwhile is seen anew
        time.sleep(0.1)
    return is_so()


@pytest.fixture
def robbed(worker, anvil):
    """Other code stands where the token was."""
    anvil.call("anvil_setCode", node.token().address, OTHER_CODE)


def test_a_starting_worker_asks_whether_the_code_is_ours(robbed, starting_worker):
    assert _comes(lambda: switches.is_stopped("signing"))
    assert "is not the one built here" in told()[0]
