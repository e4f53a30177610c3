"""The bytes of a type-2 transaction (EIP-1559), for signers that sign a digest elsewhere."""

from collections.abc import Mapping
from typing import Any

import rlp
from eth_utils import to_canonical_address

_TYPE = b"\x02"


def to_sign(transaction: Mapping[str, Any]) -> bytes:
    """What is hashed and signed of a transaction as transactions.sign makes it."""
    return _TYPE + bytes(rlp.encode(_fields(transaction)))


def encode(transaction: Mapping[str, Any], y_parity: int, r: int, s: int) -> bytes:
    """What nodes take."""
    return _TYPE + bytes(rlp.encode([*_fields(transaction), y_parity, r, s]))


def _fields(transaction: Mapping[str, Any]) -> list[Any]:
    to = to_canonical_address(transaction["to"]) if transaction["to"] else b""
    fees = transaction["maxPriorityFeePerGas"], transaction["maxFeePerGas"]
    no_access_list: list[Any] = []
    return [transaction["chainId"], transaction["nonce"], *fees, transaction["gas"], to, transaction["value"], transaction["data"], no_access_list]
