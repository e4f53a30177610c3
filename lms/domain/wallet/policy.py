"""When what waits is brought to the chain: often enough for members, seldom enough for gas."""

from dataclasses import dataclass
from datetime import timedelta

FULL = 200  # holders: a batch with fewer costs each of them more


@dataclass(frozen=True)
class Policy:
    """Every `pause`, or when a batch is full; above `base_fee` (wei, 0: any) only once something has waited for `patience`."""

    pause: timedelta
    patience: timedelta
    base_fee: int = 0

    def is_due(self, waiting: int, oldest: timedelta, since_last: timedelta | None, base_fee: int) -> bool:
        """Whether to settle now: holders that wait, how long the oldest leg has, since the last batch, the chain's base fee."""
        if not waiting:
            return False
        if waiting >= FULL or oldest >= self.patience:
            return True
        if self.base_fee and base_fee > self.base_fee:
            return False
        return since_last is None or since_last >= self.pause
