"""A pool of JSON-RPC endpoints that fail, lag and forget."""

import logging
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from requests import RequestException
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.middleware import AttributeDictMiddleware, ExtraDataToPOAMiddleware

from lms.chain.errors import RpcDisagreement, RpcDown, RpcRefused

log = logging.getLogger(__name__)

# These libraries write whole URLs at DEBUG, and an endpoint's URL holds its API key.
for _talkative in ("web3", "urllib3"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

FAILURES_BEFORE_REST = 3
REST_SECONDS = 60
# What a dead socket, an impatient proxy, or an answer that is not what JSON-RPC promises can raise.
_NO_ANSWER = (RequestException, Web3Exception, OSError, ValueError, TypeError, LookupError, AttributeError)
# What a node says about the thing asked for: the next node is not asked for a kinder answer.
_ANSWERS = (ContractLogicError, TransactionNotFound, BlockNotFound)


@dataclass(frozen=True)
class Block:
    number: int
    hash: str
    timestamp: int
    base_fee: int = 0  # wei


class Pool:
    """Asks endpoints in the order given. A question is a function of one endpoint's Web3.

    Make it in the process that uses it: connections do not survive a fork.
    """

    def __init__(self, urls, chain_id, timeout=5):
        self.chain_id = chain_id
        self._endpoints = [_Endpoint(url, chain_id, timeout) for url in urls]
        self._highest = 0

    def read(self, question):
        """The first answer. A revert or a "not found" is an answer too, and is raised as web3 raises it."""
        silent, refused = [], []
        for endpoint in self._awake():
            answer, problem = endpoint.ask(question)
            if problem is None:
                return answer
            (refused if isinstance(problem, RpcRefused) else silent).append(str(problem))
        raise _nobody(silent, refused)

    def agreed(self, question):
        """What two endpoints answer alike; where a single one answers, what that one says."""
        answers, silent, refused = [], [], []
        for endpoint in self._awake():
            answer, problem = endpoint.ask(question)
            if problem is not None:
                (refused if isinstance(problem, RpcRefused) else silent).append(str(problem))
            elif answer in answers:
                return answer
            else:
                answers.append(answer)
        if len(answers) > 1:
            raise RpcDisagreement(f"{len(answers)} endpoints give {len(answers)} answers")
        if not answers:
            raise _nobody(silent, refused)
        return answers[0]

    def everywhere(self, question):
        """Each endpoint's (answer, problem); problem is None, RpcDown or RpcRefused."""
        return [endpoint.ask(question) for endpoint in self._awake()]

    def head(self):
        """The newest block; an endpoint that has fallen behind what was seen before is not believed."""
        block = self.read(self._newest)
        self._highest = max(self._highest, block.number)
        return block

    def block(self, number):
        """A block as two endpoints know it, or None where it is not there."""
        return self.agreed(lambda web3: _block(web3, number))

    def finalized(self):
        """The number of the newest block the chain calls final; -1 before there is one."""
        block = self.read(lambda web3: _block(web3, "finalized"))
        return block.number if block else -1

    def mined_nonce(self, address, block="latest"):
        """How many transactions of this address are mined by this block, as two endpoints count them."""
        return self.agreed(lambda web3: int(web3.eth.get_transaction_count(address, block)))

    def balance(self, address):
        """What an address holds for gas, in wei."""
        return self.read(lambda web3: int(web3.eth.get_balance(address)))

    def _newest(self, web3):
        block = _block(web3, "latest")
        if block.number < self._highest:
            raise RpcDown(f"it is at block {block.number}, {self._highest} was seen before")
        return block

    def _awake(self):
        return [endpoint for endpoint in self._endpoints if endpoint.awake()]


class _Endpoint:
    def __init__(self, url, chain_id, timeout):
        self.name = redact(url)
        self._url = url
        self._chain_id = chain_id
        self._timeout = timeout
        self._web3 = None
        self._failures = 0
        self._rests_until = 0.0

    def awake(self):
        return time.monotonic() >= self._rests_until

    def ask(self, question):
        """(answer, None) or (None, problem). Not raised: a problem that carries web3's own would carry the URL."""
        try:
            answer = question(self._connected())
        except _ANSWERS:
            self._failures = 0
            raise
        except Web3RPCError as refusal:
            self._failures = 0
            return None, RpcRefused(f"{self.name}: {self._scrub(_said(refusal))}")
        except RpcDown as problem:
            return None, self._failed(str(problem))
        except _NO_ANSWER as problem:
            return None, self._failed(type(problem).__name__)
        self._failures = 0
        return answer, None

    def _connected(self):
        if self._web3 is None:
            web3 = _web3(self._url, self._timeout)
            if web3.eth.chain_id != self._chain_id:
                raise RpcDown(f"it serves another chain than {self._chain_id}")
            self._web3 = web3
        return self._web3

    def _failed(self, why):
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_REST:
            self._rests_until = time.monotonic() + REST_SECONDS
            self._failures = 0
            # Asked again after its rest, it may be another node: its chain is checked again.
            self._web3 = None
        log.warning("rpc endpoint %s: %s", self.name, why)
        return RpcDown(f"{self.name}: {why}")

    def _scrub(self, text):
        return text.replace(self._url, self.name)


def redact(url):
    """An endpoint's scheme and host: path, query, user and password may hold its API key."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _web3(url, timeout):
    # Without retries of its own: web3 would resend a raw transaction behind our back, and the pool asks the next one.
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
    return Web3(provider, middleware=[AttributeDictMiddleware, ExtraDataToPOAMiddleware])


def _block(web3, number_or_tag):
    try:
        block = web3.eth.get_block(number_or_tag)
    except BlockNotFound:
        return None
    return Block(block.number, block.hash.to_0x_hex(), block.timestamp, block.get("baseFeePerGas", 0))


def _said(refusal):
    error = (refusal.rpc_response or {}).get("error", {})
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _nobody(silent, refused):
    if refused:
        return RpcRefused("; ".join(refused))
    return RpcDown("; ".join(silent) or "every endpoint rests after failures")
