"""One JSON-RPC endpoint, which may fail, lag and forget."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from requests import ConnectionError as NoConnection
from requests import HTTPError, RequestException, Session, Timeout
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.middleware import AttributeDictMiddleware, ExtraDataToPOAMiddleware

from lms.chain import raw_answers
from lms.chain.errors import RpcBehind, RpcDown, RpcForeign, RpcRefused

log = logging.getLogger(__name__)
T = TypeVar("T")

# These libraries write whole URLs at DEBUG, and an endpoint's URL holds its API key.
for _talkative in ("web3", "urllib3"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

FAILURES_BEFORE_REST = 3
REST_SECONDS = 60
_KEPT_EVERY = 1  # seconds: that all is well is told no oftener
# What a dead socket, an impatient proxy, or an answer that is not what JSON-RPC promises can raise.
_NO_ANSWER = (RequestException, Web3Exception, OSError, ValueError, TypeError, LookupError, AttributeError)
# What a node says about the thing asked for: the next node is not asked for a kinder answer.
_ANSWERS = (ContractLogicError, TransactionNotFound, BlockNotFound)
# The first that fits is the kind of a failure; the words are the page's.
_KINDS = ((RpcForeign, "foreign chain"), (RpcBehind, "behind"), (Timeout, "timeout"), (HTTPError, "refused by http"), (NoConnection, "no connection"))


@dataclass
class Health:
    """What is known of an endpoint. Moments are seconds since 1970 by the machine's clock, as other processes read them; 0 is never."""

    failures: int = 0  # since its last answer
    rests_until: float = 0
    answered_at: float = 0
    seconds: float = 0  # what its last answer took
    failed_at: float = 0
    failure: str = ""  # the kind of the last one
    head: int | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From what was kept, by another release perhaps."""
        return cls(**{field.name: facts[field.name] for field in fields(cls) if field.name in facts})

    def is_resting(self) -> bool:
        """A clock that was set back must not make the rest longer."""
        return 0 < self.rests_until - time.time() <= REST_SECONDS


class Endpoint:
    """`keep(name, health)` is told what changes, as a dict."""

    def __init__(
        self,
        url: str,
        name: str,
        chain_id: int,
        timeout: float,
        health: Health,
        keep: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self.name, self.health = name, health
        self._url, self._chain_id, self._timeout, self._keep = url, chain_id, timeout, keep
        self._web3: Web3 | None = None
        self._kept_at: float = 0

    def ask(self, question: Callable[[Web3], T]) -> tuple[T, None] | tuple[None, RpcDown | RpcRefused]:
        """(answer, None) or (None, problem). Not raised: a problem that carries web3's own would carry the URL."""
        begun = time.monotonic()
        try:
            answer = question(self._connected())
        except _ANSWERS:
            self._answered(begun)
            raise
        except Web3RPCError as refusal:
            self._answered(begun)
            return None, RpcRefused(f"{self.name}: {self._scrub(_said(refusal))}")
        except RpcDown as problem:
            return None, self._failed(problem, str(problem))
        except _NO_ANSWER as problem:
            return None, self._failed(problem, type(problem).__name__)
        self._answered(begun)
        return answer, None

    def show_head(self, number: int) -> None:
        if number != self.health.head:
            self.health.head = number
            self._tell()

    def try_once(self) -> None:
        """Wake it from its rest; one failure sends it back."""
        self.health.rests_until, self.health.failures = 0, FAILURES_BEFORE_REST - 1

    def _connected(self) -> Web3:
        if self._web3 is None:
            web3 = _web3(self._url, self._timeout)
            if raw_answers.number(web3, "eth_chainId") != self._chain_id:
                raise RpcForeign(f"it serves another chain than {self._chain_id}")
            self._web3 = web3
        return self._web3

    def _answered(self, begun: float) -> None:
        health, now = self.health, time.time()
        health.answered_at, health.seconds = now, time.monotonic() - begun
        if health.failures or abs(now - self._kept_at) >= _KEPT_EVERY:
            health.failures = health.rests_until = 0
            self._tell()

    def _failed(self, problem: Exception, why: str) -> RpcDown:
        health, now = self.health, time.time()
        health.failures, health.failed_at, health.failure = health.failures + 1, now, _kind(problem)
        if health.failures >= FAILURES_BEFORE_REST:
            health.failures, health.rests_until = 0, now + REST_SECONDS
            # Asked again after its rest, it may be another node: its chain is checked again.
            self._web3 = None
        self._tell()
        log.warning("rpc endpoint %s: %s", self.name, why)
        return RpcDown(f"{self.name}: {why}")

    def _tell(self) -> None:
        self._kept_at = time.time()
        self._keep(self.name, asdict(self.health))

    def _scrub(self, text: str) -> str:
        return text.replace(self._url, self.name)


def redact(url: str) -> str:
    """An endpoint's scheme and host: path, query, user and password may hold its API key."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _web3(url: str, timeout: float) -> Web3:
    # Without retries of its own: web3 would resend a raw transaction behind our back, and the pool asks the next one.
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, session=_session(url), exception_retry_configuration=None)
    return Web3(provider, middleware=[AttributeDictMiddleware, ExtraDataToPOAMiddleware])


def _session(url: str) -> Session:
    """What the environment says about proxies and certificates is read once: looking it up takes a third of a call."""
    session = Session()
    told = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify, session.cert, session.trust_env = told["proxies"], told["verify"], told["cert"], False
    session.max_redirects = 0  # what is asked goes nowhere but to the endpoint that the settings name
    return session


def _said(refusal: Web3RPCError) -> str:
    error = (refusal.rpc_response or {}).get("error", {})
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _kind(problem: Exception) -> str:
    return next((kind for error, kind in _KINDS if isinstance(problem, error)), "no JSON-RPC")
