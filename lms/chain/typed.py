"""The bytes of a type-2 transaction (EIP-1559), for signers that sign a digest elsewhere."""

import rlp
from eth_utils import to_canonical_address

_TYPE = b"\x02"


def to_sign(transaction):
    """What is hashed and signed of a transaction as transactions.sign makes it."""
    return _TYPE + rlp.encode(_fields(transaction))


def encode(transaction, y_parity, r, s):
    """What nodes take."""
    return _TYPE + rlp.encode([*_fields(transaction), y_parity, r, s])


def _fields(transaction):
    to = to_canonical_address(transaction["to"]) if transaction["to"] else b""
    fees = transaction["maxPriorityFeePerGas"], transaction["maxFeePerGas"]
    no_access_list = []
    return [transaction["chainId"], transaction["nonce"], *fees, transaction["gas"], to, transaction["value"], transaction["data"], no_access_list]
