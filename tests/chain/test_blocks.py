"""Logs are asked for in parts, as endpoints answer no more."""

import pytest

from lms.chain import anvil, blocks, node
from lms.chain.rpc import Pool
from tests.faults.proxy import Proxy


@pytest.fixture
def stingy(anvil_url, monkeypatch):
    """A pool whose endpoint refuses to answer the logs of more than three blocks."""
    monkeypatch.setattr(blocks, "MOST", 3)

    def answer(method, forward):
        if method == "eth_getLogs":
            wanted = forward.params[0]
            if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= 3:
                return {"error": {"code": -32005, "message": "query returned more than 3 blocks"}}
        return forward()

    proxy = Proxy(anvil_url, answer)
    yield Pool([proxy.url], anvil.CHAIN_ID)
    proxy.close()


@pytest.mark.parametrize(
    ("first", "last", "parts"), [(5, 4, []), (5, 5, [(5, 5)]), (5, 7, [(5, 7)]), (5, 8, [(5, 7), (8, 8)]), (0, 8, [(0, 2), (3, 5), (6, 8)])]
)
def test_parts_hold_each_block_once(monkeypatch, first, last, parts):
    monkeypatch.setattr(blocks, "MOST", 3)
    assert blocks.parts(first, last) == parts


def test_what_is_in_many_parts_is_found(stingy, token, submit, make_key):
    first, keys = stingy.head().number + 1, [make_key().address for _ in range(7)]
    receipts = [submit(token.address, token.settle_data(op, [(address, op)], [])) for op, address in enumerate(keys, start=1)]
    last = stingy.head().number
    assert last - first >= 6
    assert [(each.target, each.amount) for each in node.transfers(stingy, token.address, first, last)] == [(address, op) for op, address in enumerate(keys, 1)]
    assert token.used_ops(stingy, first, last) == {op: receipt.tx_hash for op, receipt in enumerate(receipts, 1)}
    assert [token.find_used(stingy, op, first) for op in (1, 7, 8)] == [receipts[0].tx_hash, receipts[6].tx_hash, None]
