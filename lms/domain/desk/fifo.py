"""First in, first out: of which credits an amount that leaves consists. Pure; amounts are whole millionths of TEO.

Tokens of a kind are alike, so a rule has to say which of them left. It is that of accounting for inventories (IAS 2, paragraph 27):
what came first goes first. It leaves the youngest credits where they are, which are those a refund may still take.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple


class Step(NamedTuple):
    """What a member holds grows or shrinks by `amount`. `undoes`: the id of the step this one names as what it takes or gives back, or None."""

    id: int
    amount: int
    is_credit: bool
    undoes: int | None = None


def trace(steps: Iterable[tuple[int, int, bool, int | None]]) -> list[tuple[int, int]]:
    """Of Steps, or plain rows of the same, [(id of a credit, amount)] that make up what the last one takes, oldest first; they sum to its amount where that much
    was there. [] for no steps.

    What takes a credit back takes that very one, as far as it is still there, and the oldest for the rest: by age alone a refund would
    leave its reward to be traced, and eat what was earned honestly before. In the same way what comes back of something that was taken,
    such as a discount refunded or a withdrawal rejected, comes back as what it was and as old as it was: buying and giving back makes
    no token younger, and hides the origin of none."""
    lots = Lots()
    taken: dict[int | None, list[tuple[int, int]]] = {}
    pieces: list[tuple[int, int]] = []
    for number, amount, is_credit, undoes in steps:
        if not is_credit:
            pieces = taken[number] = lots.take(amount, undoes)
            continue
        left = amount
        for credit, piece in taken.pop(undoes, ()):
            back = min(piece, left)
            lots.put(credit, back)
            left -= back
        lots.put(number, left)
    return pieces


class Lots:
    """What is left of each credit, the oldest (of the lowest id) first."""

    def __init__(self) -> None:
        self._left: dict[int, int] = {}
        self._oldest: list[int] = []

    def put(self, credit: int, amount: int) -> None:
        if amount:
            if not self._left.get(credit):
                heappush(self._oldest, credit)
            self._left[credit] = self._left.get(credit, 0) + amount

    def take(self, amount: int, first: int | None = None) -> list[tuple[int, int]]:
        """[(credit, amount)], oldest first, of `first` before all others; less than `amount` only when all is taken."""
        pieces = []
        for credit in self._line(first):
            piece = min(self._left[credit], amount)
            self._left[credit] -= piece
            amount -= piece
            pieces.append((credit, piece))
            if not amount:
                break
        return sorted(pieces)

    def _line(self, first: int | None) -> Iterator[int]:
        """Those of which something is left, in the order in which they are taken; who asks for the next has taken all of the one before."""
        if first is not None and self._left.get(first):
            yield first
        while self._oldest:
            if self._left[self._oldest[0]]:
                yield self._oldest[0]
            else:
                heappop(self._oldest)
