"""What only a development chain can do: move time, mine at will, make money."""

from typing import Any

from eth_utils import to_checksum_address
from web3.types import RPCEndpoint

from lms.chain.errors import NotADevelopmentChain
from lms.chain.rpc import Pool

CHAIN_ID = 31337


def advance(pool: Pool, seconds: int) -> None:
    """Move the chain's clock forward and mine the block that shows it."""
    _request(pool, "evm_increaseTime", seconds)
    mine(pool)


def mine(pool: Pool, blocks: int = 1) -> None:
    _request(pool, "anvil_mine", hex(blocks))


def has_code(pool: Pool, address: str) -> bool:
    """Whether a contract stands there: a node that was killed may have forgotten it."""
    return len(pool.read(lambda web3: web3.eth.get_code(to_checksum_address(address)))) > 0


def fund(pool: Pool, address: str, wei: int) -> None:
    """Set what an address holds for gas."""
    _request(pool, "anvil_setBalance", address, hex(wei))


def _request(pool: Pool, method: str, *params: Any) -> Any:
    if pool.chain_id != CHAIN_ID:
        raise NotADevelopmentChain(f"{method} is for chain {CHAIN_ID}, and this is {pool.chain_id}")
    return pool.read(lambda web3: web3.manager.request_blocking(RPCEndpoint(method), list(params)))
