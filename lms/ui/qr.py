"""QR codes as SVG of our own: two shapes, coloured by app.css, as the CSP forbids style attributes."""

from functools import lru_cache

import segno
from markupsafe import Markup

QUIET = 4  # modules around it, which readers need to find it


@lru_cache(256)
def qr_svg(text, label):
    """The text as a code to be scanned; `label` says what it is to who cannot see it."""
    code = segno.make(text, error="m", micro=False)
    rows = [bytes(row) for row in code.matrix]
    size = len(rows) + 2 * QUIET
    runs = "".join(f"M{QUIET + start} {QUIET + y}h{length}v1h-{length}z" for y, row in enumerate(rows) for start, length in _runs(row))
    return Markup(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges"><rect class="qr-ground" width="{}" height="{}"/><path class="qr-dark" d="{}"/></svg>'
    ).format(label, size, size, size, size, runs)


def _runs(row):
    """(start, length) of each run of dark modules."""
    start = None
    for x, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None
