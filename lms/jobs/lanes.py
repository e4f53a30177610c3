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
from lms.domain.onchain import queries
from lms.jobs import calls, outcomes

log = logging.getLogger(__name__)

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


class Lane:
    """One signer on one chain, for as long as a job lasts."""

    def __init__(self, pool, signer):
        self.pool, self.signer = pool, signer
        self._checked = set()  # addresses whose code was seen to be ours
        self._sight, self._seen_at = None, 0.0

    def look_again(self):
        """A block has come: what was asked before it is forgotten."""
        self._sight = None

    def sign(self, operation):
        """Take a nonce, sign, and commit the bytes. False when the chain would refuse the operation now."""
        if switches.is_stopped("signing") or switches.is_stopped("settlement"):
            return False
        if queries.is_retired(self.signer.address):
            raise onchain.LaneRetired("The signer is retired.")
        self._check_chain(operation)
        sight = self._look()
        onchain.check_room(self.signer.address, sight.mined)
        if operation.attempts and calls.contract(operation).op_used(self.pool, operation.op):
            outcomes.used(operation, self.pool)  # a second nonce only for a number that two endpoints call unused
            return False
        target, data = calls.data(operation)
        try:
            gas = transactions.estimate_gas(self.pool, self.signer.address, target, data)
        except Reverted as refusal:
            outcomes.refused(operation, refusal, self.pool)
            return False
        self._check_funds(sight.balance, gas * sight.fees.cap)
        with transaction():
            onchain.lock(operation)
            if operation.state == "queued":
                nonce = onchain.take_nonce(operation, self.signer.address, sight.mined)
                self._save(operation, target, data, nonce, sight.fees, gas)
                onchain.note(operation, None)
        return True

    def bump(self, operation):
        """Offer more for the nonce the operation holds, when it has waited long enough."""
        if _is_stuck(operation):
            self.replace(operation, only_if=_is_stuck)

    def replace(self, operation, only_if=lambda operation: True):
        """Sign again under the nonce it holds, for more. Whichever of the two is mined, the number happens once."""
        target, data = calls.data(operation)
        with transaction():
            onchain.lock(operation)
            last = operation.attempts[-1]
            if operation.state in ("signed", "sent") and last.signer == self.signer.address and only_if(operation):
                fees = transactions.bump(transactions.Fees(last.tip, last.cap), self._fees())
                self._save(operation, target, data, last.nonce, fees, last.gas)
        broadcast(operation, self.pool)

    def _save(self, operation, target, data, nonce, fees, gas):
        signed = transactions.sign(self.signer, self.pool.chain_id, target, data, nonce, fees, gas)
        onchain.mark_signed(operation, SimpleNamespace(**vars(signed), signer=self.signer.address, gas=gas))

    def _check_chain(self, operation):
        """An operation belongs to its deployment: on another chain, or without its code, nothing is signed."""
        deployment = operation.deployment
        if deployment.chain_id != self.pool.chain_id:
            raise CodeMismatch(f"the operation belongs to chain {deployment.chain_id}, and this is {self.pool.chain_id}")
        contract = calls.contract(operation)
        if contract.address not in self._checked:
            contract.check_code(self.pool)
            self._checked.add(contract.address)

    def _look(self):
        """What changes with blocks only is asked once in each, and now and then where nobody says that one came."""
        if self._sight is None or time.monotonic() - self._seen_at > SIGHT:
            self._seen_at = time.monotonic()
            self._sight = Sight(self._fees(), self.pool.mined_nonce(self.signer.address), self.pool.balance(self.signer.address))
        return self._sight

    def _fees(self):
        try:
            return transactions.fees(self.pool)
        except FeeTooHigh as error:
            _tell("fees too high", self.signer.address, str(error))
            raise

    def _check_funds(self, balance, cost):
        level = next((words for count, words in FUNDS if balance < count * cost), None)
        if level:
            _tell(level, self.signer.address, f"{balance / 10**18:.4f} of the chain's coin are left; one more operation may take {cost / 10**18:.4f}")
        if level == "out of funds":
            raise OutOfFunds("the signer cannot pay for the gas")


def _is_stuck(operation):
    attempts = [attempt for attempt in operation.attempts if attempt.nonce == operation.attempts[-1].nonce]
    return clock.now() - attempts[-1].signed_at >= STUCK * 2 ** (len(attempts) - 1)


def broadcast(operation, pool):
    """True when a node has taken them. The same bytes again are harmless; what no node takes is tried again by the sweep."""
    sent = transactions.broadcast(pool, operation.attempts[-1].raw)
    with transaction():
        onchain.lock(operation)
        onchain.note(operation, None if sent.accepted else "; ".join(sent.refusals))
        if sent.accepted:
            onchain.mark_sent(operation)
    return sent.accepted


def _tell(kind, signer, why):
    with transaction():
        audit.open_incident(kind, signer, why=why)
