"""What is read from a node: balances, transfers and the time of a block."""

from eth_utils import to_checksum_address

from lms.chain import anvil, node

NOBODY = "0x" + "00" * 20


def test_holdings_belong_to_the_block_asked_for(pool, token, submit, make_key):
    ana = make_key().address
    first = submit(token.address, token.settle_data(1, [(ana, 5)], []))
    submit(token.address, token.settle_data(2, [(ana, 7)], []))
    now, then = node.holdings(pool, token.address, [ana]), node.holdings(pool, token.address, [ana], first.block_number)
    assert (now.balances, now.supply) == ({ana: 12}, 12)
    assert (then.balances, then.supply, then.block_number) == ({ana: 5}, 5, first.block_number)


def test_more_holders_than_one_call_takes(pool, token, submit, make_key):
    ana = make_key().address
    submit(token.address, token.settle_data(1, [(ana, 5)], []))
    strangers = [to_checksum_address(number.to_bytes(20)) for number in range(1, 1_500)]
    balances = node.holdings(pool, token.address, [*strangers, ana]).balances
    assert len(balances) == 1_500
    assert {address: amount for address, amount in balances.items() if amount} == {ana: 5}


def test_transfers_are_the_tokens_own_in_their_order(pool, token, submit, make_key):
    ana, bob = sorted((make_key().address, make_key().address), key=lambda address: int(address, 16))
    receipt = submit(token.address, token.settle_data(1, [(ana, 5), (bob, 6)], []))
    found = node.transfers(pool, token.address, 0, pool.head().number)
    assert [(each.source, each.target, each.amount) for each in found] == [(NOBODY, ana, 5), (NOBODY, bob, 6)]
    assert {(each.tx_hash, each.block_hash) for each in found} == {(receipt.tx_hash, receipt.block_hash)}


def test_time_moves_and_the_next_block_shows_it(pool):
    before = pool.head()
    anvil.advance(pool, 15 * 86_400)
    assert pool.head().timestamp >= before.timestamp + 15 * 86_400
