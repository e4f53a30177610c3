"""What only a development chain can do: move time, mine at will, make money."""

from lms.chain.errors import NotADevelopmentChain

CHAIN_ID = 31337


def advance(pool, seconds):
    """Move the chain's clock forward and mine the block that shows it."""
    _request(pool, "evm_increaseTime", seconds)
    mine(pool)


def mine(pool, blocks=1):
    _request(pool, "anvil_mine", hex(blocks))


def has_code(pool, address):
    """Whether a contract stands there: a node that was killed may have forgotten it."""
    return len(pool.read(lambda web3: web3.eth.get_code(address))) > 0


def fund(pool, address, wei):
    """Set what an address holds for gas."""
    _request(pool, "anvil_setBalance", address, hex(wei))


def _request(pool, method, *params):
    if pool.chain_id != CHAIN_ID:
        raise NotADevelopmentChain(f"{method} is for chain {CHAIN_ID}, and this is {pool.chain_id}")
    return pool.read(lambda web3: web3.manager.request_blocking(method, list(params)))
