"""A badge as a picture that stands alone: SVG of 1200 × 630, as wide as what is shown where a link is shared. It knows no style sheet."""

import unicodedata
from textwrap import wrap
from typing import NamedTuple

from flask import render_template, url_for
from flask_babel import gettext

from lms.ui.language import language
from lms.ui.times import written

WIDTH, HEIGHT = 1200, 630
_ROOM = 690  # what a line may take
_SIZES = (60, 50, 42, 34)  # of a title; the first one by which it takes few lines
_FEW = 3


class Line(NamedTuple):
    """`y` is where its letters stand, `size` their height, both in units of the picture."""

    text: str
    size: int
    look: str
    y: int


def drawn(badge):
    """The picture in UTF-8, in the language and time zone of who asks for it."""
    return render_template("badges/picture.svg", badge=badge, width=WIDTH, height=HEIGHT, lines=_stacked(_parts(badge))).encode()


def _parts(badge):
    """(text, size, look) of each line, from above."""
    day = written(badge.earned_at.astimezone(language().zone).date())
    yield gettext("Badge"), 24, "quiet"
    yield from _title(badge.title)
    yield _one_line(gettext("earned by %(name)s", name=badge.member.name), 36, "strong")
    yield _one_line(gettext("taught by %(name)s", name=badge.teacher), 26, "quiet")
    yield day, 26, "quiet"
    yield _one_line(url_for("badges.show", code=badge.code, _external=True), 20, "link")


def _title(title):
    for size in _SIZES:
        lines = wrap(title, max(1, int(_ROOM / size / _breadth(title))))
        if len(lines) <= _FEW:
            break
    return [(line, size, "title") for line in lines]


def _one_line(text, size, look):
    return text, min(size, int(_ROOM / len(text) / _breadth(text))), look


def _breadth(text):
    """How broad its letters are on average, by their height: about, since the font is the reader's."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.72 if letter.isupper() else 0.56 for letter in text) / len(text)


def _stacked(parts):
    """Lines one below the other, in the middle of the picture; after a title and before an address there is more room."""
    placed, y = [], 0
    for text, size, look in parts:
        y += size * (1.25 if placed and placed[-1].look == look == "title" else 1.7)
        placed.append(Line(text, size, look, y))
    top = (HEIGHT - y - placed[0].size / 2) / 2
    return [line._replace(y=round(top + line.y)) for line in placed]
