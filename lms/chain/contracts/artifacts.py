"""What contracts/build.js wrote."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_utils import keccak
from web3 import Web3

_BUILD = Path(__file__).parents[3] / "contracts" / "build"
DEPLOYED = ("TeoCoin", "Certificate", "Notary")


@cache
def artifact(name: str) -> dict[str, Any]:
    """abi, bytecode, deployedBytecode with its immutableReferences, metadata."""
    found: dict[str, Any] = json.loads((_BUILD / f"{name}.json").read_text())
    return found


def creation_data(name: str, types: Iterable[str], values: Iterable[Any]) -> bytes:
    """What a transaction to nobody carries to deploy a contract."""
    return bytes.fromhex(artifact(name)["bytecode"]["object"][2:]) + encode(types, values)


def masked(name: str, code: bytes) -> bytes:
    """A contract's code with zeros where its constructor writes immutables."""
    zeroed = bytearray(code)
    for places in artifact(name)["deployedBytecode"]["immutableReferences"].values():
        for place in places:
            zeroed[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    return bytes(zeroed)


def explain(data: bytes) -> str:
    """A revert's data as the name of the error and its values."""
    entry = _errors().get(data[:4])
    if entry is None:
        return f"0x{data.hex()}" if data else "no reason given"
    values = Web3().codec.decode([field["type"] for field in entry["inputs"]], data[4:])
    return f"{entry['name']}({', '.join(_shown(value) for value in values)})"


@cache
def _errors() -> dict[bytes, dict[str, Any]]:
    """The errors of all contracts by selector."""
    return {_selector(entry): entry for name in DEPLOYED for entry in artifact(name)["abi"] if entry["type"] == "error"}


def _selector(entry: dict[str, Any]) -> bytes:
    types = ",".join(field["type"] for field in entry["inputs"])
    return keccak(text=f"{entry['name']}({types})")[:4]


def _shown(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
