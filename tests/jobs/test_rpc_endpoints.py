"""What workers learn of the endpoints stands from one job to the next, unless the development chain begins again."""

import pytest

from lms import rpc_endpoints
from lms.chain.errors import RpcDown
from lms.jobs import balances, node, stuck_transactions
from lms.jobs.rpc_endpoints import survey


def test_a_head_below_what_another_job_saw_is_refused(worker):
    node.pool().head()
    rpc_endpoints.Memory(node.ANVIL).saw(10**6)
    with pytest.raises(RpcDown, match="was seen before"):
        balances.compare()


def test_a_development_chain_that_went_back_is_believed_again_by_the_sweep(worker):
    rpc_endpoints.Memory(node.ANVIL).saw(10**6)
    stuck_transactions.sweep()
    balances.compare()
    assert rpc_endpoints.Memory(node.ANVIL).recall()[1] == node.pool().head().number


def test_the_survey_tells_of_each_endpoint_by_its_host_alone(worker, anvil):
    worker.config["RPC_URLS"] = (f"{anvil.url}/?key=a", f"{anvil.url}/?key=another")
    survey()
    known = rpc_endpoints.known(node.ANVIL)
    assert [each.name for each in known] == [anvil.url, f"{anvil.url} #2"]
    assert all(each.is_up and each.head is not None for each in known)
