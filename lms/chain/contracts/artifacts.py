"""What contracts/build.js wrote."""

import json
from functools import cache
from pathlib import Path

from eth_abi import encode
from eth_utils import keccak
from web3 import Web3

_BUILD = Path(__file__).parents[3] / "contracts" / "build"
DEPLOYED = ("TeoCoin", "Certificate", "Notary")


@cache
def artifact(name):
    """abi, bytecode, deployedBytecode with its immutableReferences, metadata."""
    return json.loads((_BUILD / f"{name}.json").read_text())


def creation_data(name, types, values):
    """What a transaction to nobody carries to deploy a contract."""
    return bytes.fromhex(artifact(name)["bytecode"]["object"][2:]) + encode(types, values)


def masked(name, code):
    """A contract's code with zeros where its constructor writes immutables."""
    code = bytearray(code)
    for places in artifact(name)["deployedBytecode"]["immutableReferences"].values():
        for place in places:
            code[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    return bytes(code)


def explain(data):
    """A revert's data as the name of the error and its values."""
    entry = _errors().get(data[:4])
    if entry is None:
        return f"0x{data.hex()}" if data else "no reason given"
    values = Web3().codec.decode([field["type"] for field in entry["inputs"]], data[4:])
    return f"{entry['name']}({', '.join(_shown(value) for value in values)})"


@cache
def _errors():
    """The errors of all contracts by selector."""
    return {_selector(entry): entry for name in DEPLOYED for entry in artifact(name)["abi"] if entry["type"] == "error"}


def _selector(entry):
    types = ",".join(field["type"] for field in entry["inputs"])
    return keccak(text=f"{entry['name']}({types})")[:4]


def _shown(value):
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
