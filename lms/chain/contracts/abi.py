"""Call data and events by our own ABIs, whose values are single words and lists of words: web3's general way takes as long for one entry of a batch as this for fifty."""

from functools import cache, lru_cache
from typing import NamedTuple

from eth_abi import encode
from eth_hash.auto import keccak

from lms.chain.contracts.artifacts import artifact


class Log(NamedTuple):
    """A log as it stands in a receipt, its words in hex as nodes write them: most are never looked at. `index` is its place in the block."""

    address: str
    topics: tuple
    data: str
    index: int

    @classmethod
    def read(cls, log):
        """From what a node answers."""
        return cls(log["address"].lower(), tuple(map(str.lower, log["topics"])), log["data"].lower(), int(log["logIndex"], 16))


class Event(NamedTuple):
    """What a log tells."""

    args: "Args"
    index: int


class Args:
    """An event's values by name, also as attributes."""

    def __init__(self, words, fields):
        self._words, self._fields = words, fields

    def __getitem__(self, name):
        return self._fields[name][0](self._words[name])

    def __getattr__(self, name):
        if name not in self._fields:
            raise AttributeError(name)
        return self[name]


def call_data(contract, name, args):
    """What a transaction carries that calls this function."""
    selector, types = _function(contract, name)
    return selector + encode(types, args)


def topic(contract, name):
    """The first topic of each of the contract's events of this name."""
    return _event(contract, name)[0]


def events(contract, name, logs):
    """The events of this name among logs of this contract."""
    topic, fields = _event(contract, name)
    wanted = _hex(topic)
    return [_told(log, fields) for log in logs if log.topics[0] == wanted]


def numbers(contract, name, logs):
    """The values of each event of this name as they stand in its log, the indexed ones first: for two hundred of them names take longer than all else."""
    wanted = _hex(topic(contract, name))
    return [tuple([int(word, 16) for word in (*log.topics[1:], *_words(log.data))]) for log in logs if log.topics[0] == wanted]


def _words(data):
    return [data[at : at + 64] for at in range(2, len(data), 64)]


def _hex(word):
    return f"0x{word.hex()}"


@lru_cache(1024)
def address(word):
    """The last 20 of these bytes as a checksummed address."""
    digits = word[-20:].hex()
    mask = keccak(digits.encode()).hex()
    return "0x" + "".join([digit.upper() if above > "7" else digit for digit, above in zip(digits, mask, strict=False)])


def _told(log, fields):
    indexed, plain = (topic[2:] for topic in log.topics[1:]), iter(_words(log.data))
    words = {name: bytes.fromhex(next(indexed if is_indexed else plain)) for name, (_, is_indexed) in fields.items()}
    return Event(Args(words, fields), log.index)


@cache
def _function(contract, name):
    (entry,) = (entry for entry in artifact(contract)["abi"] if entry["type"] == "function" and entry["name"] == name)
    types = [_type(field) for field in entry["inputs"]]
    return keccak(f"{name}({','.join(types)})".encode())[:4], types


@cache
def _event(contract, name):
    """(its topic, its fields in their order: {name: (how its word is read, whether it is a topic)})"""
    (entry,) = (entry for entry in artifact(contract)["abi"] if entry["type"] == "event" and entry["name"] == name)
    signature = f"{name}({','.join(field['type'] for field in entry['inputs'])})"
    return keccak(signature.encode()), {field["name"]: (_reader(field["type"]), field["indexed"]) for field in entry["inputs"]}


def _type(field):
    """The type as a signature has it, a struct by its parts."""
    if not field["type"].startswith("tuple"):
        return field["type"]
    return f"({','.join(map(_type, field['components']))}){field['type'].removeprefix('tuple')}"


def _reader(kind):
    readers = {"address": address, "bytes32": bytes}
    if kind not in readers and not kind.startswith("uint"):
        raise ValueError(f"no event of ours has a field of type {kind}")
    return readers.get(kind, int.from_bytes)
