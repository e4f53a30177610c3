"""Each fault of the node and of the way to it, seen by a client that knows nothing but JSON."""

import time
import urllib.error

import pytest
from eth_account import Account

from tests.faults import node
from tests.faults.proxy import LEAST_TIP, TEXTS

SOMEBODY = "0x000000000000000000000000000000000000dEaD"
GWEI = 10**9


@pytest.fixture
def payer(anvil):
    """Signs type-2 transfers of one wei under the nonce and fees asked for."""
    account = Account.create()
    node.set_balance(anvil, account.address, 10**20)

    def sign(nonce=0, tip=30 * GWEI, cap=100 * GWEI):
        facts = dict(type=2, chainId=anvil.chain_id, gas=21_000, to=SOMEBODY, value=1, data=b"")
        signed = account.sign_transaction(facts | dict(nonce=nonce, maxPriorityFeePerGas=tip, maxFeePerGas=cap))
        return signed.raw_transaction.to_0x_hex()

    sign.address = account.address
    return sign


@pytest.fixture
def late_blocks(anvil):
    """Blocks come only when they are asked for."""
    node.mine_by_itself(anvil, False)
    yield
    node.mine_by_itself(anvil, True)


def send(door, raw):
    return door.ask("eth_sendRawTransaction", raw)


def test_a_lost_answer_leaves_the_transaction_with_the_node(door, payer, anvil):
    door.arm("answer lost", "eth_sendRawTransaction")
    with pytest.raises(OSError):  # noqa: PT011 - a lost line has many words
        send(door, payer())
    until = time.monotonic() + 10  # the client may have gone before the node was done
    while anvil.call("eth_getTransactionCount", payer.address, "latest") != "0x1":
        assert time.monotonic() < until


def test_a_cut_line_keeps_it_from_the_node(door, payer, anvil):
    door.arm("line cut", "eth_sendRawTransaction")
    with pytest.raises(OSError):  # noqa: PT011 - a lost line has many words
        send(door, payer())
    assert anvil.call("eth_getTransactionCount", payer.address, "latest") == "0x0"


def test_a_fault_strikes_as_often_as_it_is_armed(door):
    door.arm("502", "eth_chainId", 2)
    assert "result" in door.ask("eth_blockNumber")
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="502"):
            door.ask("eth_chainId")
    assert door.ask("eth_chainId")["result"] == "0x7a69"
    assert door.struck == {"502": 2}


def test_a_node_that_hangs_outlasts_its_caller(door):
    door.arm("hang")
    with pytest.raises(TimeoutError):
        door.ask("eth_chainId")


def test_a_null_is_what_a_forgetful_node_says(door):
    door.arm("null", "eth_blockNumber")
    assert door.ask("eth_blockNumber")["result"] is None


def test_a_stale_receipt_outlives_its_block(door, payer, anvil):
    tx_hash = send(door, payer())["result"]
    first = door.ask("eth_getTransactionReceipt", tx_hash)["result"]
    node.reorganise(anvil, 1)
    assert door.ask("eth_getTransactionReceipt", tx_hash)["result"] is None
    door.arm("stale receipt", "eth_getTransactionReceipt")
    assert door.ask("eth_getTransactionReceipt", tx_hash)["result"] == first


def test_a_receipt_never_seen_is_null_when_it_is_stale(door, payer):
    tx_hash = send(door, payer())["result"]
    door.arm("stale receipt", "eth_getTransactionReceipt")
    assert door.ask("eth_getTransactionReceipt", tx_hash)["result"] is None


def test_the_head_falls_back_three_blocks(door, anvil):
    node.mine(anvil, 5)
    door.arm("low head", "eth_getBlockByNumber")
    low, high = (int(door.ask("eth_getBlockByNumber", "latest", False)["result"]["number"], 16) for _ in range(2))
    assert low == high - 3


def test_another_chain_answers(door):
    door.arm("other chain", "eth_chainId")
    assert door.ask("eth_chainId")["result"] == "0x89"


@pytest.mark.parametrize("client", TEXTS)
def test_each_client_has_its_own_words(door, payer, late_blocks, anvil, client):
    door.language = client
    send(door, payer())
    known, replaced = send(door, payer()), send(door, payer(tip=30 * GWEI + 1, cap=50 * GWEI))
    node.mine(anvil)
    used = send(door, payer(cap=99 * GWEI))
    assert [each["error"]["message"] for each in (known, replaced, used)] == [TEXTS[client][said] for said in ("known", "replacement", "nonce")]


def test_bor_wants_a_tip_of_25_gwei(door, payer):
    door.strict = True
    assert "gas tip cap" in send(door, payer(tip=LEAST_TIP - 1))["error"]["message"]
    assert "result" in send(door, payer(tip=LEAST_TIP))


@pytest.mark.parametrize(("tip", "cap", "taken"), [(33, 109, False), (32, 110, False), (33, 110, True)])
def test_bor_wants_a_tenth_more_on_both_fields_of_a_replacement(door, payer, late_blocks, tip, cap, taken):
    door.strict = True
    send(door, payer())
    assert ("result" in send(door, payer(tip=tip * GWEI, cap=cap * GWEI))) is taken


def test_a_dropped_transaction_is_never_mined(door, payer, late_blocks, anvil):
    send(door, payer())
    node.drop_waiting(anvil)
    node.mine(anvil)
    assert anvil.call("eth_getTransactionCount", payer.address, "latest") == "0x0"


@pytest.mark.parametrize(("undo", "lower"), [(node.roll_back, 1), (node.reorganise, 0)])
def test_a_block_that_goes_takes_its_transaction_along(door, payer, anvil, undo, lower):
    before = node.height(anvil)
    send(door, payer())
    while (head := node.height(anvil)) == before:
        time.sleep(0.01)  # its block comes after the answer
    undo(anvil, 1)
    assert node.height(anvil) == head - lower
    assert anvil.call("eth_getTransactionCount", payer.address, "latest") == "0x0"


def test_a_high_base_fee_keeps_cheap_transactions_out(door, payer, anvil):
    node.set_base_fee(anvil, 200)
    assert "error" in send(door, payer(cap=100 * GWEI))
    node.set_base_fee(anvil, 1)
    assert "result" in send(door, payer(cap=100 * GWEI))


def test_an_empty_account_pays_for_nothing(door, payer, anvil):
    node.set_balance(anvil, payer.address, 0)
    assert "nsufficient funds" in send(door, payer())["error"]["message"]
