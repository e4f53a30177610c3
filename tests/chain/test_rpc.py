"""Several endpoints as one: who answers, who rests, and what they must agree on."""

import logging
import socket
import time

import pytest

from lms.chain import anvil
from lms.chain.errors import NotADevelopmentChain, RpcDisagreement, RpcDown, RpcRefused
from lms.chain.rpc import Memory, Pool
from lms.chain.rpc_endpoint import redact
from tests.faults.proxy import Lost

NOBODY = "0x000000000000000000000000000000000000dEaD"


def down(method, forward):
    raise Lost


def honest(method, forward):
    return forward()


def answering(wanted, result):
    """A node that answers one method in its own way."""
    return lambda method, forward: {"result": result} if method == wanted else forward()


@pytest.fixture
def make_pool(proxy):
    """A pool of proxies that behave as told, and the proxies."""

    def make(*behaviours):
        proxies = [proxy(behaviour) for behaviour in behaviours]
        return Pool([each.url for each in proxies], anvil.CHAIN_ID, timeout=2), proxies

    return make


class Kept(Memory):
    """What one pool learns and the next is told."""

    def __init__(self):
        self.endpoints, self.head = {}, 0

    def recall(self):
        return dict(self.endpoints), self.head

    def keep(self, endpoint, health):
        self.endpoints[endpoint] = health

    def saw(self, head):
        self.head = max(self.head, head)
        return self.head

    def forget_head(self):
        self.head = 0


@pytest.fixture
def next_pool(proxy):
    """next_pool() makes a pool anew over the same endpoints, as the next job does; `behaviours` may be changed meanwhile."""
    memory, doors = Kept(), []

    def make(*behaviours):
        doors.extend(proxy(behaviour) for behaviour in behaviours)
        return Pool([each.url for each in doors], anvil.CHAIN_ID, timeout=2, memory=memory)

    make.memory, make.doors = memory, doors
    return make


def test_the_next_endpoint_answers_for_a_dead_one(make_pool):
    pool, _ = make_pool(down, honest)
    assert pool.head().number >= 0


def test_three_failures_rest_an_endpoint_for_a_minute(make_pool, monkeypatch):
    pool, (dead, _) = make_pool(down, honest)
    for _ in range(5):
        pool.head()
    assert len(dead.calls) == 3
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    pool.head()
    assert len(dead.calls) == 4


def test_the_next_pool_lets_an_endpoint_finish_its_rest(next_pool):
    next_pool(down, honest).head()
    for _ in range(4):
        next_pool().head()
    assert len(next_pool.doors[0].calls) == 3


def test_a_clock_that_was_set_back_makes_no_rest_longer(next_pool, monkeypatch):
    for _ in range(3):
        next_pool(*([] if next_pool.doors else [down, honest])).head()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    next_pool().head()
    assert len(next_pool.doors[0].calls) == 4


def test_where_all_rest_the_next_pool_tries_each_once(next_pool):
    is_down = [True]
    pool = next_pool(lambda method, forward: down(method, forward) if is_down else forward())
    for _ in range(3):
        with pytest.raises(RpcDown):
            pool.head()
    with pytest.raises(RpcDown, match="rests"):
        pool.head()
    pool = next_pool()
    for _ in range(3):
        with pytest.raises(RpcDown):
            pool.head()
    assert len(next_pool.doors[0].calls) == 4
    is_down.clear()
    assert next_pool().head().number >= 0


def test_what_is_known_of_an_endpoint_is_kept(next_pool):
    pool, began = next_pool(down, honest), time.time()
    head = pool.head().number
    bad, good = (next_pool.memory.endpoints[redact(door.url)] for door in next_pool.doors)
    assert (bad["failures"], bad["failure"], bad["answered_at"], bad["head"]) == (1, "no connection", 0, None)
    assert (good["failures"], good["head"], good["failed_at"]) == (0, head, 0)
    assert 0 < good["seconds"] <= time.time() - began and began <= good["answered_at"] <= time.time()


def test_a_survey_looks_at_those_nobody_had_to_ask(next_pool):
    next_pool(honest, honest, down).survey()
    heads = [next_pool.memory.endpoints[redact(door.url)]["head"] for door in next_pool.doors]
    assert heads[0] == heads[1] is not None and heads[2] is None


def test_two_endpoints_of_one_host_are_told_apart_without_their_keys(proxy):
    memory, door = Kept(), proxy(honest)
    Pool([f"{door.url}/{key}" for key in ("first-key", "second-key")], anvil.CHAIN_ID, memory=memory).survey()
    assert sorted(memory.endpoints) == [redact(door.url), f"{redact(door.url)} #2"]
    assert "key" not in repr(memory.endpoints)


def test_nobody_answering_is_rpc_down(make_pool):
    pool, _ = make_pool(down, down)
    with pytest.raises(RpcDown):
        pool.head()


def test_a_closed_port_is_rpc_down():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(RpcDown):
            Pool([f"http://127.0.0.1:{closed.getsockname()[1]}"], anvil.CHAIN_ID).head()


def test_another_chain_is_not_believed(make_pool):
    pool, _ = make_pool(answering("eth_chainId", "0x89"))
    with pytest.raises(RpcDown, match="another chain"):
        pool.balance(NOBODY)


def test_a_head_below_the_highest_seen_is_refused(make_pool, pool):
    anvil.mine(pool)
    genesis = pool.read(lambda web3: web3.provider.make_request("eth_getBlockByNumber", ["0x0", False]))
    stale = {}
    lagging, _ = make_pool(lambda method, forward: stale.get(method) or forward())
    lagging.head()
    stale["eth_getBlockByNumber"] = {"result": dict(genesis["result"])}
    with pytest.raises(RpcDown, match="was seen before"):
        lagging.head()


def test_the_next_pool_refuses_such_a_head_too_until_it_is_forgotten(next_pool, pool):
    anvil.mine(pool)
    next_pool(honest).head()
    next_pool.memory.saw(10**6)
    with pytest.raises(RpcDown, match="1000000 was seen before"):
        next_pool().head()
    assert next_pool.memory.endpoints[redact(next_pool.doors[0].url)]["failure"] == "behind"
    lower = next_pool()
    lower.forget_head()
    assert lower.head().number < 10**6
    assert next_pool().head().number < 10**6


def test_a_null_answer_is_no_answer(make_pool):
    pool, _ = make_pool(answering("eth_getTransactionCount", None), honest)
    assert pool.mined_nonce(NOBODY) == 0


def test_a_node_that_knows_no_newest_block_is_no_answer(make_pool):
    pool, _ = make_pool(answering("eth_getBlockByNumber", None))
    with pytest.raises(RpcDown, match="no newest block"):
        pool.head()


def test_one_lying_endpoint_of_two_is_a_disagreement(make_pool):
    pool, _ = make_pool(answering("eth_getTransactionCount", "0x7"), honest)
    with pytest.raises(RpcDisagreement):
        pool.mined_nonce(NOBODY)


def test_two_of_three_decide(make_pool):
    pool, _ = make_pool(answering("eth_getTransactionCount", "0x7"), honest, honest)
    assert pool.mined_nonce(NOBODY) == 0


def test_a_refusal_of_all_is_not_called_down(make_pool):
    def limited(method, forward):
        return forward() if method == "eth_chainId" else {"error": {"code": -32005, "message": "rate limit"}}

    pool, _ = make_pool(limited)
    with pytest.raises(RpcRefused, match="rate limit"):
        pool.balance(NOBODY)


def test_neither_errors_nor_logs_hold_an_endpoints_key(proxy, caplog):
    caplog.set_level(logging.DEBUG)
    dead = proxy(down)
    url = dead.url.replace("://", "://user:s3cret@") + "/v2/s3cret?key=s3cret"
    with pytest.raises(RpcDown) as problem:
        Pool([url], anvil.CHAIN_ID).head()
    error, seen = problem.value, ""
    while error is not None:
        seen, error = seen + repr(error), error.__cause__ or error.__context__
    assert dead.url.removeprefix("http://") in seen
    assert "s3cret" not in seen + caplog.text


def test_redaction_keeps_the_host_alone():
    assert redact("https://user:pw@rpc.example.org:8443/v2/KEY?token=KEY") == "https://rpc.example.org:8443"
    assert redact("https://rpc.example.org/KEY") == "https://rpc.example.org"


def test_time_is_not_moved_on_a_real_chain(anvil_url):
    with pytest.raises(NotADevelopmentChain):
        anvil.advance(Pool([anvil_url], 137), 60)

