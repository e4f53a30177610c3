"""Receipts as a test needs them: a node answers a transaction before its block stands, even where each transaction makes its own."""

import time

from lms.chain import transactions


def mined(pool, signed):
    """The receipt of a signed transaction, sent by us past everything that the application does."""
    assert transactions.broadcast(pool, signed.raw).accepted
    return awaited(pool, signed.tx_hash)


def awaited(pool, tx_hash, seconds=10):
    """The receipt, as soon as the node has it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if receipt := transactions.receipt(pool, tx_hash):
            return receipt
        time.sleep(0.01)
    raise TimeoutError(f"{tx_hash} is not mined")
