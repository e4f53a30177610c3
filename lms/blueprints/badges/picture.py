"""A badge as a picture that stands alone: SVG of 1200 × 630, as what is shown where a link is shared. It knows no style sheet and brings no font."""

import unicodedata
from textwrap import wrap
from typing import NamedTuple

from flask import render_template, url_for
from flask_babel import gettext

from lms.ui.language import language
from lms.ui.times import written

WIDTH, HEIGHT = 1200, 630
_ROOM, _TALL = 690, 490  # what all lines together may take
_TITLE_SIZES = (60, 50, 42, 34)  # the first one by which it takes few lines is taken
_FEW = 3
_CLOSE = 1.3  # from one line to the next of the same look, by its size
_APART = {"quiet": 1.6, "title": 1.4, "strong": 1.8, "link": 3}  # from what stands above them


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
    address = url_for("badges.show", code=badge.code, _external=True)
    yield gettext("Badge"), 24, "quiet"
    yield from _title(badge.title)
    yield from _broken(gettext("earned by %(name)s", name=badge.member.name), 34, "strong")
    yield from _broken(gettext("taught by %(name)s", name=badge.teacher), 26, "quiet")
    yield day, 26, "quiet"
    yield address, min(20, int(_ROOM / _breadth(address))), "link"


def _title(title):
    for size in _TITLE_SIZES:
        lines = _broken(title, size, "title")
        if len(lines) <= _FEW:
            break
    return lines


def _broken(text, size, look):
    letters = int(len(text) * _ROOM / (size * _breadth(text)))
    return [(line, size, look) for line in wrap(text, max(1, letters))]


def _breadth(text):
    """How broad it is by the height of its letters: about, and rather too much, since the font is the reader's."""
    return sum(map(_breadth_of, text))


def _breadth_of(letter):
    if letter in "MW" or unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.8 if letter in "mw" or letter.isupper() else 0.6


def _stacked(parts):
    """Lines one below the other, in the middle of the picture; smaller where there are too many."""
    placed, y = [], 0
    for text, size, look in parts:
        y += size * (_CLOSE if placed and placed[-1].look == look else _APART[look])
        placed.append(Line(text, size, look, y))
    shrunk = min(1, _TALL / y)
    top = (HEIGHT - (y + placed[0].size / 2) * shrunk) / 2
    return [line._replace(size=int(line.size * shrunk), y=round(top + line.y * shrunk)) for line in placed]
