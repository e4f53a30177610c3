"""The metrics, counted when they are asked for: from our own rows in a fixed number of statements, and from Redis while it answers. No node is asked."""

from flask import current_app
from redis.exceptions import RedisError

from lms import clock, rpc_endpoints
from lms.blueprints.metrics.text import Metric
from lms.domain.audit import queries as audit
from lms.domain.notices import queries as notices
from lms.domain.onchain import figures
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import custody
from lms.queue import queue

_PARTS = ("payouts", "settlement", "signing")  # told of while they go on, too


def metrics():
    return [*_operations(), *_signers(), *_chain(), *_books(), *_endpoints(), *_jobs()]


def _operations():
    oldest = figures.oldest_queued()
    counts = [({"kind": kind, "state": state}, count) for (kind, state), count in figures.counts().items()]
    yield Metric("lms_operations", "Operations by kind and state.", counts)
    yield _one("lms_operations_oldest_queued_seconds", "Age of the oldest operation that waits to be signed, 0 when none does.", _age(oldest) if oldest else 0)


def _signers():
    lanes = [({"address": lane.signer.address}, lane) for lane in figures.lanes()]
    seen = [(labels, lane) for labels, lane in lanes if lane.balance is not None]
    yield Metric("lms_signer_balance_wei", "What a signer holds for gas, as a worker last saw it.", [(labels, lane.balance) for labels, lane in seen])
    yield Metric("lms_signer_next_nonce", "The nonce a signer gives out next.", [(labels, lane.signer.next_nonce) for labels, lane in lanes])
    yield Metric("lms_signer_pending", "Nonces of a signer that are given out and not mined.", [(labels, lane.pending) for labels, lane in lanes])
    yield Metric("lms_signer_halted", "1 while a signer signs nothing until somebody has looked.", [(labels, int(bool(lane.signer.halted))) for labels, lane in lanes])


def _chain():
    seen = onchain.chain_state()
    if seen:
        yield _one("lms_chain_head", "The newest block a worker saw.", seen.head)
        yield _one("lms_chain_seen_seconds", "Seconds since a worker saw the chain.", _age(seen.seen_at))
        yield _one("lms_chain_base_fee_wei", "The base fee in that block.", seen.base_fee)


def _books():
    uncovered, stopped = custody.uncovered(), {switch.name for switch in audit.stopped()}
    yield Metric("lms_incidents_open", "Open incidents by kind.", [({"kind": kind}, count) for kind, count in audit.open_by_kind().items()] or [({}, 0)])
    yield Metric("lms_stopped", "1 while a part stands still.", [({"part": part}, int(part in stopped)) for part in sorted(stopped.union(_PARTS))])
    yield _one("lms_uncovered_legs", "Ledger legs that no entry brings to the chain yet.", uncovered.legs)
    yield _one("lms_uncovered_teo_micro", "Millionths of TEO these legs move.", uncovered.amount)
    yield _one("lms_mails_waiting", "Mails that wait to go out.", notices.unsent())


def _endpoints():
    known = rpc_endpoints.known(current_app.config["CHAIN_ID"]) or []
    by_host = [({"endpoint": each.name}, each) for each in known]
    yield Metric("lms_rpc_endpoint_up", "1 when an RPC endpoint gave its last answer after its last failure, and does not rest.", [(labels, int(each.is_up)) for labels, each in by_host])
    yield Metric("lms_rpc_endpoint_answer_seconds", "What its last answer took.", [(labels, each.seconds) for labels, each in by_host if each.answered_at])
    yield Metric("lms_rpc_endpoint_head", "The newest block it was seen at.", [(labels, each.head) for labels, each in by_host if each.head is not None])


def _jobs():
    try:
        lengths = queue.lengths()
    except RedisError:
        return
    yield Metric("lms_jobs_waiting", "Jobs that wait for a worker.", [({"queue": name}, waiting) for name, (waiting, _failed) in lengths.items()])
    yield Metric("lms_jobs_failed", "Jobs that failed within a day.", [({"queue": name}, failed) for name, (_waiting, failed) in lengths.items()])


def _one(name, told, value):
    return Metric(name, told, [({}, value)])


def _age(moment):
    return max(0, int((clock.now() - moment).total_seconds()))
