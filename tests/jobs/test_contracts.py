"""The chain is looked at again: it must be ours, with our code."""

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import queries as switches
from lms.domain.audit.models import Incident
from lms.domain.onchain.models import Deployment
from lms.jobs import contracts, node


@pytest.fixture(autouse=True)
def later(worker):
    clock.advance(contracts.JUST_NOW)


def told():
    return [incident.details["why"] for incident in db.session.query(Incident).filter_by(kind="not our contracts")]


def test_contracts_that_are_ours_are_nobodys_concern(worker):
    contracts.check()
    assert (told(), switches.is_stopped("signing")) == ([], False)


def test_other_code_at_our_address_stops_signing(worker, anvil):
    anvil.call("anvil_setCode", node.token().address, "0x6001")
    contracts.check()
    assert "is not the one built here" in told()[0]
    assert switches.is_stopped("signing")


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
