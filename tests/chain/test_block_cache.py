"""A chain looked at once."""

from lms.chain import anvil
from lms.chain.block_cache import Glance


def test_head_and_blocks_stand_still_and_what_is_new_is_asked(pool):
    glance = Glance(pool)
    first = glance.head()
    anvil.mine(pool, 3)
    assert glance.head() == first == glance.block(first.number)
    assert glance.block(first.number + 3).number == first.number + 3
    assert pool.head().number == first.number + 3
    assert glance.chain_id == pool.chain_id


def test_what_it_does_not_keep_is_the_pools(pool, signer):
    assert Glance(pool).balance(signer.address) == pool.balance(signer.address)
