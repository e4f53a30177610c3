"""What is known of RPC endpoints outlives the job that learned it, and nothing waits for Redis."""

import time
from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import RedisError

from lms import rpc_endpoints
from lms.chain.rpc_endpoint import Health
from lms.queue import queue
from lms.rpc_endpoints import Memory
from tests.test_app import closed_port

CHAIN = 31337
NAME = "https://rpc.example.org"


def health(**facts):
    return vars(Health(**facts))


def test_what_one_job_keeps_the_next_recalls(app):
    Memory(CHAIN).keep(NAME, health(failures=2, failure="timeout"))
    Memory(CHAIN).saw(42)
    assert Memory(CHAIN).recall() == ({NAME: health(failures=2, failure="timeout")}, 42)


def test_another_chain_has_a_memory_of_its_own(app):
    Memory(CHAIN).saw(42)
    assert Memory(137).recall() == ({}, 0)


def test_a_lower_head_does_not_lower_the_highest(app):
    Memory(CHAIN).saw(42)
    assert Memory(CHAIN).saw(41) == 42
    assert Memory(CHAIN).recall()[1] == 42


def test_the_highest_is_forgotten_when_it_is_told_to_be_and_by_itself(app):
    Memory(CHAIN).saw(42)
    assert 0 < queue.redis.ttl(f"rpc-head:{CHAIN}") <= rpc_endpoints.HEAD_LASTS
    Memory(CHAIN).forget_head()
    assert Memory(CHAIN).saw(7) == 7


@pytest.mark.parametrize(("health", "head"), [("{", 1), ("{}", "inf")])
def test_what_cannot_be_read_is_not_known(app, health, head):
    queue.redis.hset(f"rpc-endpoints:{CHAIN}", NAME, health)
    queue.redis.zadd(f"rpc-head:{CHAIN}", {"head": head})
    assert Memory(CHAIN).recall() == ({}, 0)


def test_without_redis_it_knows_nothing_and_waits_once(app, monkeypatch):
    tried = []

    class Down(Redis):
        def pipeline(self, *_, **__):
            tried.append(1)
            raise RedisError

    monkeypatch.setattr(queue, "redis", Down(port=closed_port()))
    memory = Memory(CHAIN)
    assert memory.recall() == ({}, 0) and memory.saw(42) == 42
    memory.keep(NAME, health())
    memory.forget_head()
    assert len(tried) == 1


def test_a_page_is_told_how_each_endpoint_does(app):
    now = time.time()
    Memory(CHAIN).keep(NAME, health(answered_at=now, seconds=0.25, head=7))
    Memory(CHAIN).keep("https://slow.example.org", health(answered_at=now - 60, failed_at=now, failure="timeout"))
    Memory(CHAIN).keep("https://tired.example.org", health(failed_at=now, failure="behind", rests_until=now + 30))
    good, slow, tired = rpc_endpoints.known(CHAIN)
    assert (good.name, good.is_up, good.seconds, good.head, good.failed_at) == (NAME, True, 0.25, 7, None)
    assert (slow.is_up, slow.failure, slow.rests_until) == (False, "timeout", None)
    assert not tired.is_up and tired.rests_until - tired.failed_at == timedelta(seconds=30)


def test_an_endpoint_nobody_asks_any_more_is_not_listed(app):
    Memory(CHAIN).keep(NAME, health(answered_at=time.time() - 25 * 3600))
    assert rpc_endpoints.known(CHAIN) == []


@pytest.mark.usefixtures("app")
def test_a_page_is_told_that_nothing_is_known_without_redis(monkeypatch):
    monkeypatch.setattr(queue, "redis", Redis(port=closed_port(), socket_connect_timeout=0.2))
    assert rpc_endpoints.known(CHAIN) is None
