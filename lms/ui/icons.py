"""Tabler's icons, inlined: no request for each, and they take the colour of their text."""

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent.parent / "static" / "vendor" / "icons"
_NAME = re.compile(r"[a-z0-9-]+")
_DRAWN = re.compile(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*>")
_BOUNDS = 'stroke="none"'


@cache
def icon(name):
    """The drawing without its frame; decoration only, so the words stand beside it."""
    if not _NAME.fullmatch(name) or not (file := _FOLDER / f"{name}.svg").is_file():
        raise LookupError(f"no icon is called {name!r}")
    lines = [line for line in _DRAWN.findall(file.read_text()) if _BOUNDS not in line]
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false" width="24" height="24" viewBox="0 0 24 24" fill="none"'
        ' stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">'
        f'{"".join(lines)}</svg>'
    )
