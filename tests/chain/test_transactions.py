"""Transactions: their fees, their limits, their signature and their bids."""

from types import SimpleNamespace

import pytest

from lms.chain import anvil, node, transactions
from lms.chain.errors import FeeTooHigh, RpcDisagreement, RpcDown
from lms.chain.rpc import Block, Pool
from lms.chain.transactions import GWEI, MOST_GAS, Fees, bump
from tests.faults.proxy import Lost


def test_the_tip_is_never_below_what_polygon_takes(pool):
    fees = transactions.fees(pool)
    assert fees.tip >= 30 * GWEI
    assert fees.cap > fees.tip


def test_the_tip_is_the_median_of_what_six_in_ten_of_a_block_offered_at_most():
    asked = []

    def history(*question):
        asked.append(question)
        return {"reward": [[tip * GWEI] for tip in (90, 40, 50)], "baseFeePerGas": [80 * GWEI, 100 * GWEI]}

    assert transactions.fees(answering(fee_history=history)) == Fees(50 * GWEI, 250 * GWEI)
    assert asked == [(10, "latest", [60])]


@pytest.mark.parametrize(("estimate", "limit"), [(1_000_000, 1_200_000), (MOST_GAS - 1, MOST_GAS)])
def test_the_limit_is_a_fifth_above_the_estimate_within_what_a_transaction_may_use(estimate, limit):
    pool = answering(estimate_gas=lambda call: estimate)
    assert transactions.estimate_gas(pool, "0x" + "11" * 20, "0x" + "22" * 20, b"") == limit


def answering(**verbs):
    """A pool of one node that does nothing else."""
    return SimpleNamespace(read=lambda question: question(SimpleNamespace(eth=SimpleNamespace(**verbs))))


@pytest.mark.parametrize("field", ["reward", "baseFeePerGas"])
def test_a_node_that_asks_for_a_fortune_gets_nothing(field):
    said = {"reward": [[30 * GWEI]], "baseFeePerGas": [GWEI], field: {"reward": [[10**18]], "baseFeePerGas": [10**18]}[field]}
    with pytest.raises(FeeTooHigh):
        transactions.fees(SimpleNamespace(read=lambda question: said))


def test_a_bump_is_an_eighth_on_both_fields_rounded_up():
    assert bump(Fees(30 * GWEI + 1, 100 * GWEI), Fees(0, 0)) == Fees(33_750_000_002, 112_500_000_000)


def test_a_bump_follows_a_market_that_rose_more():
    assert bump(Fees(30 * GWEI, 100 * GWEI), Fees(80 * GWEI, 300 * GWEI)) == Fees(80 * GWEI, 300 * GWEI)


def test_the_absolute_cap_is_not_passed():
    with pytest.raises(FeeTooHigh, match="5000"):
        bump(Fees(30 * GWEI, 4_999 * GWEI), Fees(0, 0))


def test_a_lost_answer_is_healed_by_the_same_bytes(pool, token, mint, proxy, mined, make_key, anvil_url):
    ana, lost = make_key().address, []

    def lose_one(method, forward):
        answer = forward()
        if method == "eth_sendRawTransaction" and not lost:
            lost.append(answer)
            raise Lost
        return answer

    flaky, signed = Pool([proxy(lose_one).url], anvil.CHAIN_ID), mint(ana)
    with pytest.raises(RpcDown):
        transactions.broadcast(flaky, signed.raw)
    mined(signed.tx_hash)
    assert transactions.broadcast(flaky, signed.raw).accepted
    assert node.holdings(pool, token.address, [ana]).balances == {ana: 1_000_000}


def test_bytes_that_wait_already_are_accepted_again(pool, token, mint, mined, make_key):
    signed = mint(make_key().address)
    with paused(pool):
        assert transactions.broadcast(pool, signed.raw).accepted
        assert transactions.receipt(pool, signed.tx_hash) is None
        assert transactions.broadcast(pool, signed.raw).accepted
    assert mined(signed.tx_hash).succeeded


def test_a_replacement_takes_the_nonce(pool, token, signer, mint, mined, make_key):
    ana, old = make_key().address, Fees(30 * GWEI, 300 * GWEI)
    with paused(pool):
        first = mint(ana, old)
        transactions.broadcast(pool, first.raw)
        second = mint(ana, bump(old, transactions.fees(pool)))
        assert second.nonce == first.nonce
        assert transactions.broadcast(pool, second.raw).accepted
    assert mined(second.tx_hash).succeeded
    assert transactions.receipt(pool, first.tx_hash) is None


def test_other_bytes_for_a_mined_nonce_are_refused_with_the_nodes_reason(pool, token, signer, mint, mined, make_key):
    first, second = mint(make_key().address), mint(make_key().address)
    transactions.broadcast(pool, first.raw)
    mined(first.tx_hash)
    sent = transactions.broadcast(pool, second.raw)
    assert not sent.accepted
    assert "nonce too low" in sent.refusals[0]


def test_one_endpoint_of_two_is_enough_to_send(token, mint, mined, proxy, make_key, anvil_url):
    def dead(method, forward):
        raise Lost

    signed = mint(make_key().address)
    pool = Pool([proxy(dead).url, anvil_url], anvil.CHAIN_ID)
    assert transactions.broadcast(pool, signed.raw).accepted
    assert mined(signed.tx_hash).succeeded


def test_a_receipt_only_one_of_two_has_is_not_believed_yet(token, mint, mined, proxy, make_key, anvil_url, pool):
    def blind(method, forward):
        return {"result": None} if method == "eth_getTransactionReceipt" else forward()

    signed = mint(make_key().address)
    transactions.broadcast(pool, signed.raw)
    mined(signed.tx_hash)
    assert transactions.receipt(Pool([proxy(blind).url, anvil_url], anvil.CHAIN_ID), signed.tx_hash) is None


def test_a_receipt_on_whose_logs_two_do_not_agree_is_not_believed(token, mint, mined, proxy, make_key, anvil_url, pool):
    """Each writes them as it likes, with fields of its own; what they say must be the same."""

    def rewritten(change):
        def answer(method, forward):
            said = forward()
            if method == "eth_getTransactionReceipt":
                said["result"]["logs"] = [change(log) for log in said["result"]["logs"]]
            return said

        return Pool([anvil_url, proxy(answer).url], anvil.CHAIN_ID)

    signed = mint(make_key().address)
    transactions.broadcast(pool, signed.raw)
    honest = mined(signed.tx_hash)
    decorated = rewritten(lambda log: log | {"data": log["data"].upper().replace("0X", "0x"), "note": "ours"})
    assert transactions.receipt(decorated, signed.tx_hash) == honest
    assert transactions.receipt(rewritten(lambda log: log | {"data": log["data"][:-1] + "f"}), signed.tx_hash) is None


def test_the_head_block_is_one_confirmation_and_final_comes_later(pool, token, mint, mined, make_key):
    signed = mint(make_key().address)
    transactions.broadcast(pool, signed.raw)
    receipt = mined(signed.tx_hash)
    assert transactions.confirmations(pool, receipt) == 1
    assert not transactions.is_final(pool, receipt)
    anvil.mine(pool, 3)
    assert transactions.confirmations(pool, receipt) == 4
    assert transactions.is_final(pool, receipt)


@pytest.mark.parametrize(
    ("chain_id", "finalized", "head", "final"),
    [(137, 1_000, 1_200, 701), (137, 1_000, 5_000, 1_000), (137, -1, 5_000, 0), (80_002, 400, 450, 0), (anvil.CHAIN_ID, 40, 42, 40)],
)
def test_final_is_what_the_chain_calls_so_and_five_hundred_blocks_deep(chain_id, finalized, head, final):
    def block(number):
        return Block(number, f"0x{number}", 0)

    chain = SimpleNamespace(chain_id=chain_id, finalized=lambda: finalized, head=lambda: block(head), block=block)
    assert transactions.final_block(chain) == final
    receipts = [SimpleNamespace(block_number=number, block_hash=f"0x{number}") for number in (final, final + 1)]
    assert [transactions.is_final(chain, receipt) for receipt in receipts] == [final > 0, False]
    assert not transactions.is_final(chain, SimpleNamespace(block_number=final, block_hash="0xother"))


def test_a_receipt_only_one_of_two_has_is_no_missing_one(mint, mined, proxy, make_key, anvil_url, pool):
    def blind(method, forward):
        return {"result": None} if method == "eth_getTransactionReceipt" else forward()

    signed = mint(make_key().address)
    transactions.broadcast(pool, signed.raw)
    mined(signed.tx_hash)
    both = Pool([proxy(blind).url, anvil_url], anvil.CHAIN_ID)
    with pytest.raises(RpcDisagreement):
        transactions.is_missing(both, signed.tx_hash)
    assert transactions.is_missing(both, "0x" + "ab" * 32)


def test_a_reorganised_block_confirms_nothing(pool, token, mint, mined, make_key):
    signed = mint(make_key().address)
    transactions.broadcast(pool, signed.raw)
    receipt = mined(signed.tx_hash)
    request(pool, "anvil_reorg", 1, [])
    assert transactions.confirmations(pool, receipt) == 0


def test_a_creation_lands_where_it_was_foretold(pool, signer, submit):
    foretold = transactions.created_address(signer.address, pool.mined_nonce(signer.address))
    assert submit(None, bytes.fromhex("60016000f3")).contract_address == foretold


class paused:
    """Blocks come only after it."""

    def __init__(self, pool):
        self.pool = pool

    def __enter__(self):
        request(self.pool, "evm_setAutomine", False)

    def __exit__(self, *_):
        request(self.pool, "evm_setAutomine", True)
        anvil.mine(self.pool)


def request(pool, method, *params):
    return pool.read(lambda web3: web3.manager.request_blocking(method, list(params)))
