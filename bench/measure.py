"""Figures, and what they are held against."""

from dataclasses import asdict, dataclass
from statistics import median, quantiles

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One row of the table. A ratio is `value` by `against`; the target is held against the ratio where there is one. Without a target it stands beside another row."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    against: float | None = None
    ratio: float | None = None

    @property
    def holds(self):
        if self.target is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.target if self.at_least else measured < self.target

    def as_dict(self):
        row = asdict(self) | {"holds": self.holds}
        return {name: row[name] for name in ("name", "value", "unit", "against", "ratio", "target", "holds")}

    def as_cells(self):
        against = "" if self.against is None else f"{self.against:,.1f}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        target = "" if self.target is None else f"{'≥' if self.at_least else '<'} {self.target:g}"
        return (self.name, f"{self.value:,.1f}", self.unit, against, ratio, target, {True: "holds", False: "MISSED", None: ""}[self.holds])


def alternating(measures, rounds=ROUNDS):
    """Call each of `measures` (name → function) in turn, round by round, so that a slow minute slows all: {name: [a number a round]}."""
    found = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def compared(name, unit, target, values, against):
    """The figure of rounds that alternated with those it is held against: the median of the ratios within a round."""
    ratios = [value / other for value, other in zip(values, against, strict=True)]
    return Figure(name, median(values), unit, target, at_least=True, against=median(against), ratio=median(ratios))


def percentile(values, part):
    """The value below which `part` per cent of the values lie."""
    return quantiles(values, n=100, method="inclusive")[part - 1]


def table(figures):
    """The figures as lines of text, columns aligned."""
    lines = [("name", "value", "unit", "against", "ratio", "target", ""), *(figure.as_cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
