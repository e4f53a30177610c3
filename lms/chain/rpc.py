"""A pool of JSON-RPC endpoints: who is asked, who is believed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from web3 import Web3

from lms.chain import raw_answers
from lms.chain.errors import RpcBehind, RpcDisagreement, RpcDown, RpcRefused
from lms.chain.rpc_endpoint import Endpoint, Health, redact

T = TypeVar("T")


@dataclass(frozen=True)
class Block:
    number: int
    hash: str
    timestamp: int
    base_fee: int = 0  # wei


class Memory:
    """What is known of endpoints and of the highest head, kept by nobody. One that other jobs read too has the same verbs."""

    def recall(self) -> tuple[dict[str, dict[str, Any]], int]:
        """({endpoint: its Health as a dict}, the highest head seen or 0)."""
        return {}, 0

    def keep(self, endpoint: str, health: dict[str, Any]) -> None: ...

    def saw(self, head: int) -> int:
        """The highest head that anybody saw, this one included."""
        return head

    def forget_head(self) -> None: ...


class Pool:
    """Asks endpoints in the order given. A question is a function of one endpoint's Web3.

    Make it in the process that uses it: connections do not survive a fork. What it learns it tells its memory.
    """

    def __init__(self, urls: Iterable[str], chain_id: int, timeout: float = 5, memory: Memory | None = None) -> None:
        self.chain_id = chain_id
        self._memory = memory or Memory()
        known, self._highest = self._memory.recall()
        self._endpoints = [
            Endpoint(url, name, chain_id, timeout, Health.of(known.get(name, {})), self._memory.keep) for name, url in _named(urls).items()
        ]
        if not self._awake():  # there is nobody else to ask meanwhile
            for endpoint in self._endpoints:
                endpoint.try_once()

    def read(self, question: Callable[[Web3], T]) -> T:
        """The first answer. A revert or a "not found" is an answer too, and is raised as web3 raises it."""
        return self._first(question)[1]

    def agreed(self, question: Callable[[Web3], T]) -> T:
        """What two endpoints answer alike; where a single one answers, what that one says."""
        answers: list[T] = []
        silent: list[str] = []
        refused: list[str] = []
        for endpoint in self._awake():
            match endpoint.ask(question):
                case answer, None if answer in answers:
                    return answer
                case answer, None:
                    answers.append(answer)
                case _, problem:
                    (refused if isinstance(problem, RpcRefused) else silent).append(str(problem))
        if len(answers) > 1:
            raise RpcDisagreement(f"{len(answers)} endpoints give {len(answers)} answers")
        if not answers:
            raise _nobody(silent, refused)
        return answers[0]

    def everywhere(self, question: Callable[[Web3], T]) -> list[tuple[T, None] | tuple[None, RpcDown | RpcRefused]]:
        """Each endpoint's (answer, problem); problem is None, RpcDown or RpcRefused."""
        return [endpoint.ask(question) for endpoint in self._awake()]

    def head(self) -> Block:
        """The newest block; an endpoint that has fallen behind what was seen before, by another job too, is not believed."""
        endpoint, block = self._first(self._newest)
        endpoint.show_head(block.number)
        if block.number > self._highest:
            self._highest = self._memory.saw(block.number)
        return block

    def forget_head(self) -> None:
        """Believe a chain that has gone back: a development chain that was killed begins below its head."""
        self._highest = 0
        self._memory.forget_head()

    def survey(self) -> None:
        """Ask each endpoint that does not rest for its head, so that its health is known before it is needed."""
        for endpoint in self._awake():
            match endpoint.ask(lambda web3: _latest(web3).number):
                case number, None:
                    endpoint.show_head(number)

    def block(self, number: int) -> Block | None:
        """A block as two endpoints know it, or None where it is not there."""
        return self.agreed(lambda web3: _block(web3, number))

    def finalized(self) -> int:
        """The number of the newest block the chain calls final; -1 before there is one."""
        block = self.read(lambda web3: _block(web3, "finalized"))
        return block.number if block else -1

    def mined_nonce(self, address: str, block: int | str = "latest") -> int:
        """How many transactions of this address are mined by this block, as two endpoints count them."""
        tag = block if isinstance(block, str) else hex(block)
        return self.agreed(lambda web3: raw_answers.number(web3, "eth_getTransactionCount", address, tag))

    def balance(self, address: str) -> int:
        """What an address holds for gas, in wei."""
        return self.read(lambda web3: raw_answers.number(web3, "eth_getBalance", address, "latest"))

    def _first(self, question: Callable[[Web3], T]) -> tuple[Endpoint, T]:
        """(endpoint, its answer) of the first that answers."""
        silent: list[str] = []
        refused: list[str] = []
        for endpoint in self._awake():
            match endpoint.ask(question):
                case answer, None:
                    return endpoint, answer
                case _, problem:
                    (refused if isinstance(problem, RpcRefused) else silent).append(str(problem))
        raise _nobody(silent, refused)

    def _newest(self, web3: Web3) -> Block:
        block = _latest(web3)
        if block.number < self._highest:
            raise RpcBehind(f"it is at block {block.number}, {self._highest} was seen before")
        return block

    def _awake(self) -> list[Endpoint]:
        return [endpoint for endpoint in self._endpoints if not endpoint.health.is_resting()]


def _named(urls: Iterable[str]) -> dict[str, str]:
    """Each URL under the name it has in logs and pages; those of one host are counted."""
    named: dict[str, str] = {}
    for url in urls:
        name, count = redact(url), sum(redact(other) == redact(url) for other in named.values())
        named[f"{name} #{count + 1}" if count else name] = url
    return named


def _block(web3: Web3, number_or_tag: int | str) -> Block | None:
    found = raw_answers.ask(web3, "eth_getBlockByNumber", number_or_tag if isinstance(number_or_tag, str) else hex(number_or_tag), False)
    if found is None:
        return None
    number, timestamp, base_fee = (int(each, 16) for each in (found["number"], found["timestamp"], found.get("baseFeePerGas", "0x0")))
    return Block(number, found["hash"].lower(), timestamp, base_fee)


def _latest(web3: Web3) -> Block:
    block = _block(web3, "latest")
    if block is None:
        raise RpcDown("it knows no newest block")
    return block


def _nobody(silent: list[str], refused: list[str]) -> RpcDown | RpcRefused:
    if refused:
        return RpcRefused("; ".join(refused))
    return RpcDown("; ".join(silent) or "every endpoint rests after failures")
