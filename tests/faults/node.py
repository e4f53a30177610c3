"""What only anvil can do to itself, and real chains do to us."""

GWEI = 10**9
EPOCH = 2
FINAL = 2 * EPOCH  # blocks below the head, from where on a block is final


def height(anvil):
    return int(anvil.call("eth_blockNumber"), 16)


def drop_waiting(anvil):
    """Let the pool forget every transaction that is not mined."""
    anvil.call("anvil_dropAllTransactions")


def roll_back(anvil, depth):
    """Take the newest blocks away; no transaction returns to the pool."""
    if depth > 0:
        anvil.call("anvil_rollback", depth)


def reorganise(anvil, depth):
    """Put empty blocks in the place of the newest ones."""
    if depth > 0:
        anvil.call("anvil_reorg", depth, [])


def set_base_fee(anvil, gwei):
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(int(gwei * GWEI)))


def set_balance(anvil, address, wei):
    anvil.call("anvil_setBalance", address, hex(wei))


def mine_by_itself(anvil, wanted):
    """Whether each transaction makes its block at once; when it does again, what waited is mined."""
    anvil.call("evm_setAutomine", wanted)
    if wanted:
        mine(anvil)


def mine(anvil, blocks=1):
    anvil.call("anvil_mine", hex(blocks))
