"""A signer's lane: what it takes to sign the next operation, and to sign one again that is stuck. Saved before it is sent, always."""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

from lms import clock
from lms.chain import transactions
from lms.chain.errors import ChainError, CodeMismatch, FeeTooHigh, Reverted
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as switches
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries, signer_lanes
from lms.domain.withdrawals import halt
from lms.domain.withdrawals import queries as withdrawals
from lms.jobs import announce, contract_calls, operation_batches, operation_outcomes

log = logging.getLogger(__name__)

PAYOUTS = ("release",)  # kinds that wait while payouts are stopped, unless they were dropped: that moves nothing
STUCK = timedelta(seconds=20)  # then it offers more, and each further time waits twice as long
SIGHT = 3  # seconds
# How many more operations of this price a signer can pay for: under so many an admin is told so.
FUNDS = ((1, "out of funds"), (20, "funds very low"), (200, "funds low"))


class OutOfFunds(ChainError):
    """The signer cannot pay for the operation: the lane waits until somebody sends it gas."""


@dataclass(frozen=True)
class Sight:
    """What the chain asks for, how many of the signer's transactions are mined, and what he has, in wei."""

    fees: transactions.Fees
    mined: int
    balance: int


@dataclass(frozen=True)
class Call:
    """What is asked of which contract, the gas limit to sign it with, and whether it is that the number is used up and nothing done."""

    target: str
    data: bytes
    gas: int
    is_void: bool


class Lane:
    """One signer on one chain, for as long as a job lasts."""

    def __init__(self, pool, signer):
        self.pool, self.signer = pool, signer
        self._checked = set()  # addresses whose code was seen to be ours
        self._sight, self._seen_at = None, 0.0

    def look_again(self):
        """A block has come: what was asked before it is forgotten."""
        self._sight = None

    def room(self):
        """How many more operations it can sign now."""
        if switches.is_stopped("signing") or switches.is_stopped("settlement") or queries.is_retired(self.signer.address):
            return 0
        return signer_lanes.room(self.signer.address, self._look().mined)

    def take(self, operations):
        """Sign, save and send these; how many a node has taken. All are committed before the first is sent."""
        signed, calls_ready = {}, {each: call for each, call in operation_batches.each(operations, self._simulate).items() if call}
        with operation_batches.telling(list(calls_ready)):
            signed = self._sign(calls_ready)
        return broadcast(signed, self.pool)

    def _simulate(self, operation):
        """The Call it is, or None when the chain would refuse it now."""
        self._check_chain(operation)
        if operation.kind == "release" and not operation.attempts and (why := withdrawals.why_withheld(operation)):
            operation_outcomes.withheld(operation, why)
            return None
        sight = self._look()
        if operation.attempts and contract_calls.contract(operation).op_used(self.pool, operation.op):
            operation_outcomes.used(operation, self.pool)  # a second nonce only for a number that two endpoints call unused
            return None
        target, data = contract_calls.data(operation)
        if other := contract_calls.used_elsewhere(operation, self.pool):
            operation_outcomes.given_twice(operation, other.find_used(self.pool, operation.op, operation.deployment.first_block))
            return None
        try:
            gas = transactions.estimate_gas(self.pool, self.signer.address, target, data, contract_calls.likely_gas(operation))
        except Reverted as refusal:
            operation_outcomes.refused(operation, refusal, self.pool)
            return None
        self._check_funds(sight.balance, gas * sight.fees.cap)
        return Call(target, data, gas, operation.is_void)

    def _sign(self, ready):
        """{id: what was signed} of those that nobody else has taken meanwhile, and there is room for.

        A key service may hang here, no longer than its patience; what was signed and is not committed has gone nowhere, and its nonce is given out again."""
        sight = self._look()
        with transaction():
            given = signer_lanes.take_nonces(_signable(ready), self.signer.address, sight.mined)
            return {operation.id: self._save(operation, ready[operation.id], nonce, sight.fees) for operation, nonce in given}

    def bump(self, operation):
        """Offer more for the nonce the operation holds, when it has waited long enough."""
        if _is_stuck(operation):
            self.replace(operation, only_if=_is_stuck)

    def replace(self, operation, only_if=lambda operation: True):
        """Sign again under the nonce it holds, for more. Whichever of the two is mined, the number happens once."""
        self._check_chain(operation)
        with transaction():
            onchain.lock(operation)
            last = operation.attempts[-1]
            if operation.state in ("signed", "sent") and last.signer == self.signer.address and only_if(operation):
                fees = self._fees(over=transactions.Fees(last.tip, last.cap))  # first: while it is too much, no holder signs
                self._save(operation, Call(*contract_calls.data(operation), last.gas, operation.is_void), last.nonce, fees)
        broadcast({operation.id: operation.attempts[-1]}, self.pool)

    def _save(self, operation, call, nonce, fees):
        signed = transactions.sign(self.signer, self.pool.chain_id, call.target, call.data, nonce, fees, call.gas)
        onchain.mark_signed(operation, SimpleNamespace(**vars(signed), signer=self.signer.address, gas=call.gas))
        return signed

    def _check_chain(self, operation):
        """An operation belongs to its deployment: on another chain, or without its code, nothing is signed."""
        deployment = operation.deployment
        if deployment.chain_id != self.pool.chain_id:
            raise CodeMismatch(f"the operation belongs to chain {deployment.chain_id}, and this is {self.pool.chain_id}")
        contract = contract_calls.contract(operation)
        if contract.address not in self._checked:
            contract.check_code(self.pool)
            self._checked.add(contract.address)

    def _look(self):
        """What changes with blocks only is asked once in each, and now and then where nobody says that one came."""
        if self._sight is None or time.monotonic() - self._seen_at > SIGHT:
            self._seen_at = time.monotonic()
            self._sight = Sight(self._fees(), self.pool.mined_nonce(self.signer.address), self.pool.balance(self.signer.address))
        return self._sight

    def _fees(self, over=None):
        """What the chain asks for; enough more than `over` to take its place, where that is given."""
        try:
            fresh = transactions.fees(self.pool)
            return transactions.bump(over, fresh) if over else fresh
        except FeeTooHigh as error:
            _tell("fees too high", self.signer.address, str(error))
            raise

    def _check_funds(self, balance, cost):
        level = next((words for count, words in FUNDS if balance < count * cost), None)
        if level:
            _tell(level, self.signer.address, f"{balance / 10**18:.4f} of the chain's coin are left; one more operation may take {cost / 10**18:.4f}")
        if level == "out of funds":
            raise OutOfFunds("the signer cannot pay for the gas")


def _signable(ready):
    """Those of {id: Call}, locked, that nobody else has taken or dropped meanwhile, and that no stop of payouts keeps back."""
    queued = [operation for operation in onchain.locked(list(ready)).values() if operation.state == "queued" and operation.is_void == ready[operation.id].is_void]
    paying = [operation for operation in queued if operation.kind in PAYOUTS and not operation.is_void]
    if paying and not halt.lets_go():  # asked in the transaction that signs
        return [operation for operation in queued if operation not in paying]
    return queued


def _is_stuck(operation):
    attempts = [attempt for attempt in operation.attempts if attempt.nonce == operation.attempts[-1].nonce]
    return clock.now() - attempts[-1].signed_at >= STUCK * 2 ** (len(attempts) - 1)


def broadcast(signed, pool):
    """Send {operation id: what was signed, `raw` and `tx_hash`}; how many a node has taken. The same bytes again are harmless; what no node takes is tried again by the sweep."""
    answers = {}
    for operation_id, raw, tx_hash in [(operation_id, attempt.raw, attempt.tx_hash) for operation_id, attempt in signed.items()]:
        with operation_batches.telling([operation_id]):
            answers[operation_id] = transactions.broadcast(pool, raw), tx_hash
    if not answers:
        return 0
    news = []
    with transaction():
        for operation_id, operation in onchain.locked(list(answers)).items():
            sent, tx_hash = answers[operation_id]
            if sent.accepted and onchain.mark_sent(operation, tx_hash):
                news.append(operation_id)
            onchain.note(operation, None if sent.accepted else "; ".join(sent.refusals))
    if news:
        announce.sent(*news)
    return sum(sent.accepted for sent, _ in answers.values())


def _tell(kind, signer, why):
    with transaction():
        audit.open_incident(kind, signer, why=why)
