"""Entries as words, without a node."""

import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from lms.chain.contracts import MAX_AMOUNT, TeoCoin, digest, pack

ANA = "0x" + "0A" * 20
addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
amounts = st.integers(1, MAX_AMOUNT)


@given(addresses, amounts)
def test_a_word_is_its_address_and_its_amount(address, amount):
    word = pack(address, amount)
    assert len(word) == 32
    assert to_checksum_address(word[:20]) == address
    assert int.from_bytes(word[20:]) == amount


@given(addresses, st.one_of(st.integers(max_value=0), st.integers(MAX_AMOUNT + 1)))
def test_an_amount_that_does_not_fit_is_refused(address, amount):
    with pytest.raises(ValueError, match="amount"):
        pack(address, amount)


@given(st.lists(st.tuples(addresses, amounts), unique_by=lambda pair: pair[0], max_size=20), st.randoms())
def test_the_order_given_does_not_matter(entries, random):
    shuffled = random.sample(entries, len(entries))
    token = TeoCoin(ANA)
    assert token.settle_data(1, shuffled, []) == token.settle_data(1, entries, [])
    assert digest(shuffled, []) == digest(entries, [])


def test_mints_and_burns_are_not_mistaken_for_each_other():
    assert digest([(ANA, 1)], []) != digest([], [(ANA, 1)])


def test_two_hundred_entries_are_the_most():
    entries = [(to_checksum_address(number.to_bytes(20)), 1) for number in range(1, 202)]
    TeoCoin(ANA).settle_data(1, entries[:200], [])
    with pytest.raises(ValueError, match="at most 200"):
        TeoCoin(ANA).settle_data(1, entries, [])
