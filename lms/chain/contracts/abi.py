"""Call data and events by our own ABIs, whose values are single words and lists of words: web3's general way takes as long for one entry of a batch as this for fifty."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, Self

from eth_abi import encode
from eth_hash.auto import keccak

from lms.chain.contracts.artifacts import artifact

Field = tuple[Callable[[bytes], Any], bool]  # how its word is read, whether it is a topic


class Log(NamedTuple):
    """A log as it stands in a receipt, its words in hex as nodes write them: most are never looked at. `index` is its place in the block."""

    address: str
    topics: tuple[str, ...]
    data: str
    index: int  # type: ignore[assignment]  # a tuple's own verb of this name is asked nowhere

    @classmethod
    def read(cls, log: Mapping[str, Any]) -> Self:
        """From what a node answers."""
        return cls(log["address"].lower(), tuple(map(str.lower, log["topics"])), log["data"].lower(), int(log["logIndex"], 16))


class Event(NamedTuple):
    """What a log tells."""

    args: "Args"
    index: int  # type: ignore[assignment]  # a tuple's own verb of this name is asked nowhere


class Args:
    """An event's values by name, also as attributes."""

    def __init__(self, words: Mapping[str, bytes], fields: Mapping[str, Field]) -> None:
        self._words, self._fields = words, fields

    def __getitem__(self, name: str) -> Any:
        return self._fields[name][0](self._words[name])

    def __getattr__(self, name: str) -> Any:
        if name not in self._fields:
            raise AttributeError(name)
        return self[name]


def call_data(contract: str, name: str, args: Sequence[Any]) -> bytes:
    """What a transaction carries that calls this function."""
    selector, types = _function(contract, name)
    return selector + encode(types, args)


def topic(contract: str, name: str) -> bytes:
    """The first topic of each of the contract's events of this name."""
    return _event(contract, name)[0]


def events(contract: str, name: str, logs: Iterable[Log]) -> list[Event]:
    """The events of this name among logs of this contract."""
    topic, fields = _event(contract, name)
    wanted = _hex(topic)
    return [_told(log, fields) for log in logs if log.topics[0] == wanted]


def numbers(contract: str, name: str, logs: Iterable[Log]) -> list[tuple[int, ...]]:
    """The values of each event of this name as they stand in its log, the indexed ones first: for two hundred of them names take longer than all else."""
    wanted = _hex(topic(contract, name))
    return [tuple([int(word, 16) for word in (*log.topics[1:], *_words(log.data))]) for log in logs if log.topics[0] == wanted]


def _words(data: str) -> list[str]:
    return [data[at : at + 64] for at in range(2, len(data), 64)]


def _hex(word: bytes) -> str:
    return f"0x{word.hex()}"


@lru_cache(1024)
def address(word: bytes) -> str:
    """The last 20 of these bytes as a checksummed address."""
    digits = word[-20:].hex()
    mask = keccak(digits.encode()).hex()
    return "0x" + "".join([digit.upper() if above > "7" else digit for digit, above in zip(digits, mask, strict=False)])


def _told(log: Log, fields: Mapping[str, Field]) -> Event:
    indexed, plain = (topic[2:] for topic in log.topics[1:]), iter(_words(log.data))
    words = {name: bytes.fromhex(next(indexed if is_indexed else plain)) for name, (_, is_indexed) in fields.items()}
    return Event(Args(words, fields), log.index)


@cache
def _function(contract: str, name: str) -> tuple[bytes, list[str]]:
    (entry,) = (entry for entry in artifact(contract)["abi"] if entry["type"] == "function" and entry["name"] == name)
    types = [_type(field) for field in entry["inputs"]]
    return keccak(f"{name}({','.join(types)})".encode())[:4], types


@cache
def _event(contract: str, name: str) -> tuple[bytes, dict[str, Field]]:
    """(its topic, its fields in their order: {name: (how its word is read, whether it is a topic)})"""
    (entry,) = (entry for entry in artifact(contract)["abi"] if entry["type"] == "event" and entry["name"] == name)
    signature = f"{name}({','.join(field['type'] for field in entry['inputs'])})"
    return keccak(signature.encode()), {field["name"]: (_reader(field["type"]), field["indexed"]) for field in entry["inputs"]}


def _type(field: Mapping[str, Any]) -> str:
    """The type as a signature has it, a struct by its parts."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, field['components']))}){kind.removeprefix('tuple')}"


def _reader(kind: str) -> Callable[[bytes], Any]:
    readers: dict[str, Callable[[bytes], Any]] = {"address": address, "bytes32": bytes}
    if kind not in readers and not kind.startswith("uint"):
        raise ValueError(f"no event of ours has a field of type {kind}")
    return readers.get(kind, int.from_bytes)
