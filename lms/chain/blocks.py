"""Ranges of blocks, in parts that an endpoint answers the logs of."""

MOST = 2_000  # blocks


def parts(first: int, last: int) -> list[tuple[int, int]]:
    """(first, last) of each part, both included, in the chain's order; none where `last` is before `first`."""
    return [(start, min(last, start + MOST - 1)) for start in range(first, last + 1, MOST)]
