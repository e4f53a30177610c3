"""The least gas the EVM takes for an operation, by the gas schedule since Berlin (EIP-2929, EIP-2028; the Yellow Paper's appendix G).

A recipient's floor is what no contract that keeps the promises can do without: his storage, his log, the bytes of his entry,
and his share of what the transaction costs alone.
"""

FRESH = 22_100  # a cold slot that was zero
EXISTING = 5_000  # a cold slot that was not, and is not afterwards
SIGNATURE = 3_000  # ecrecover
TRANSACTION = 21_000
OP_BIT = 5_000  # the op's bit, in a word that others used
ROLE = 2_100  # a cold read of the sender's role


def log(topics, data):
    return 375 + 375 * topics + 8 * data


TRANSFER = log(topics=3, data=32)  # 1,756
ALONE = TRANSACTION + OP_BIT + ROLE
BIRTH = 2 * FRESH + log(topics=4, data=0) + log(topics=1, data=32)  # the id's owner, the holder's count, Transfer, Locked


def calldata(data):
    """16 for a byte, 4 for a zero."""
    return sum(16 if byte else 4 for byte in data)


def per_recipient(own, entries):
    """`own` is what each recipient costs apart from his bytes, summed over all; `entries` are the bytes of each."""
    return (own + sum(map(calldata, entries)) + ALONE) / len(entries)
