"""The chain at one glance: for as long as many transactions are looked at in a row, head and blocks are asked once."""

from functools import cache
from typing import Any

from lms.chain.rpc import Pool


class Glance:
    """A pool whose head, blocks and finality stand still. Short-lived: what it does not know it asks the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.chain_id = pool, pool.chain_id
        self.head, self.block, self.finalized = cache(pool.head), cache(pool.block), cache(pool.finalized)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)
