import pytest

from lms.chain import node, transactions
from lms.chain.contracts import Burn
from lms.chain.errors import Reverted
from lms.chain.vault import sign_burn


def test_a_settlement_mints_and_says_what_it_did(pool, token, submit, make_key):
    ana, bob = make_key().address, make_key().address
    receipt = submit(token.address, token.settle_data(7, [(ana, 2_000_000), (bob, 3)], []))
    settlement = token.settlement(receipt, 7)
    assert settlement.brought([(ana, 2_000_000), (bob, 3)], [])
    assert token.op_used(pool, 7)
    assert token.find_settled(pool, 7) == receipt.tx_hash
    assert node.holdings(pool, token.address, [ana, bob]).balances == {ana: 2_000_000, bob: 3}


def test_a_signed_burn_takes_the_holders_tokens(pool, token, submit, make_key):
    ana = make_key()
    submit(token.address, token.settle_data(1, [(ana.address, 50)], []))
    burn = Burn(ana.address, 20, sign_burn(ana, pool.chain_id, token.address, 20, 2))
    receipt = submit(token.address, token.settle_data(2, [], [burn]))
    assert token.settlement(receipt, 2).burns == ((ana.address, 20),)
    assert node.holdings(pool, token.address, [ana.address]).balances == {ana.address: 30}


def test_the_same_op_reverts(pool, token, signer, submit, make_key):
    data = token.settle_data(1, [(make_key().address, 50)], [])
    submit(token.address, data)
    with pytest.raises(Reverted, match=r"OpUsed\(1\)"):
        transactions.simulate(pool, signer.address, token.address, data)
