"""Settlements on a real node: mints, signed burns, once."""

import pytest

from lms.chain import contracts, node, transactions
from lms.chain.contracts import Burn, TeoCoin
from lms.chain.custodial_keys import sign_burn
from lms.chain.errors import CodeMismatch, Reverted


@pytest.fixture
def burn(pool, token):
    """A burn its holder signed for an op."""
    return lambda key, amount, op: Burn(key.address, amount, sign_burn(key, pool.chain_id, token.address, amount, op))


def test_a_settlement_mints_and_says_what_it_did(pool, token, submit, make_key):
    ana, bob = make_key().address, make_key().address
    entries = [(ana, 2_000_000), (bob, 3)]
    settlement = token.settlement(submit(token.address, token.settle_data(7, entries, [])), 7)
    assert settlement.brought(entries, [])
    assert not settlement.brought([(ana, 2_000_000)], [])
    assert not settlement.brought([(ana, 2_000_001), (bob, 3)], [])
    assert node.holdings(pool, token.address, [ana, bob]).balances == {ana: 2_000_000, bob: 3}


def test_a_signed_burn_takes_the_holders_tokens(pool, token, submit, make_key, burn):
    ana = make_key()
    submit(token.address, token.settle_data(1, [(ana.address, 50)], []))
    receipt = submit(token.address, token.settle_data(2, [], [burn(ana, 20, 2)]))
    assert token.settlement(receipt, 2).burns == ((ana.address, 20),)
    assert node.holdings(pool, token.address, [ana.address]).balances == {ana.address: 30}


def test_mints_and_burns_of_many_holders_go_in_one_batch(pool, token, submit, make_key, burn):
    old, new = [make_key() for _ in range(5)], [make_key().address for _ in range(5)]
    submit(token.address, token.settle_data(1, [(key.address, 50) for key in old], []))
    mints, burns = [(address, 10) for address in new], [burn(key, 50, 2) for key in old]
    receipt = submit(token.address, token.settle_data(2, mints, burns))
    assert token.settlement(receipt, 2).brought(mints, [(key.address, 50) for key in old])
    assert node.holdings(pool, token.address, []).supply == 50


def test_a_burn_that_cannot_be_done_is_skipped_and_told(token, submit, make_key, burn):
    ana, bob = make_key(), make_key()
    receipt = submit(token.address, token.settle_data(1, [(bob.address, 5)], [burn(ana, 20, 1)]))
    settlement = token.settlement(receipt, 1)
    assert settlement.skips == ((ana.address, 20),)
    assert settlement.brought([(bob.address, 5)], [(ana.address, 20)])


def test_the_same_op_is_refused_by_name(pool, token, signer, submit, make_key):
    data = token.settle_data(1, [(make_key().address, 50)], [])
    submit(token.address, data)
    with pytest.raises(Reverted, match=r"OpUsed\(1\)"):
        transactions.estimate_gas(pool, signer.address, token.address, data)


def test_the_same_op_sent_nevertheless_reverts_and_mints_nothing(pool, token, submit, make_key):
    ana = make_key().address
    data = token.settle_data(1, [(ana, 50)], [])
    submit(token.address, data)
    again = submit(token.address, data, gas=200_000)
    assert not again.succeeded
    assert token.settlement(again, 1) is None
    assert node.holdings(pool, token.address, [ana]).balances == {ana: 50}


def test_a_used_op_is_found_again_without_its_hash(pool, token, submit, make_key):
    assert not token.op_used(pool, 2**200)
    assert token.find_used(pool, 2**200) is None
    receipt = submit(token.address, token.settle_data(2**200, [(make_key().address, 50)], []))
    assert token.op_used(pool, 2**200)
    assert token.find_used(pool, 2**200) == receipt.tx_hash


def test_a_voided_op_never_happens(pool, token, signer, submit, make_key):
    submit(token.address, token.void_data(9))
    with pytest.raises(Reverted, match=r"OpUsed\(9\)"):
        transactions.estimate_gas(pool, signer.address, token.address, token.settle_data(9, [(make_key().address, 1)], []))


def test_the_digest_is_the_contracts(pool, token, make_key):
    mints, burns = [(make_key().address, n) for n in (1, 2, 3)], [(make_key().address, 4)]
    words = [sorted(contracts.pack(*pair) for pair in pairs) for pairs in (mints, burns)]
    data = token._data("digestOf", *words)
    answer = pool.read(lambda web3: web3.eth.call({"to": token.address, "data": data}))
    assert contracts.digest(mints, burns) == bytes(answer)


def test_the_code_built_here_is_known_again(pool, token):
    token.check_code(pool)


def test_other_code_or_none_is_refused(pool, token, submit, make_key):
    with pytest.raises(CodeMismatch, match="there is no contract"):
        TeoCoin(make_key().address).check_code(pool)
    # Creation code that leaves a contract of one byte, STOP.
    stranger = submit(None, bytes.fromhex("60016000f3"))
    with pytest.raises(CodeMismatch, match="is not the one"):
        TeoCoin(stranger.contract_address).check_code(pool)


def test_the_day_has_a_bound(pool, token, signer, make_key):
    data = token.settle_data(1, [(make_key().address, 10**12 + 1)], [])
    with pytest.raises(Reverted, match="DailyBoundExceeded"):
        transactions.estimate_gas(pool, signer.address, token.address, data)
