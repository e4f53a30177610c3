"""Covers of courses: a pattern drawn from the title, the same for ever, until the teacher uploads a picture.

Plain shapes only: no ids (two covers on a page would share them), no style attributes (the CSP forbids them).
"""

import math
from functools import lru_cache
from hashlib import sha256
from random import Random

from markupsafe import Markup

WIDTH, HEIGHT = 640, 280
# ground, three tones, one light: teal, sea, night, gold, clay, moss
_PALETTES = (
    ("#0f766e", "#115e59", "#14847b", "#2dd4bf", "#f3d9a4"),
    ("#123c4a", "#0f766e", "#1b5566", "#e0a94a", "#d9efe9"),
    ("#16202e", "#22344a", "#0f766e", "#2dd4bf", "#f0b95a"),
    ("#f3e6c8", "#e4c27a", "#b7791f", "#0f766e", "#134e4a"),
    ("#efe9dd", "#0f766e", "#94c9bf", "#b7791f", "#16202e"),
    ("#dff0ec", "#8cc9bf", "#2a9087", "#115e59", "#e0a94a"),
)


@lru_cache(maxsize=512)
def cover_svg(title):
    chance = Random(sha256(title.encode()).digest())
    palette = chance.choice(_PALETTES)
    shapes = chance.choice((_arches, _waves, _tiles, _facets, _orbits, _weave))(chance, palette)
    return Markup(
        f'<svg class="cover-art" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice" aria-hidden="true"'
        f' focusable="false">{_rect(0, 0, WIDTH, HEIGHT, palette[0])}{"".join(shapes)}</svg>'
    )


def _arches(chance, palette):
    """A colonnade: nested round arches on a line, a sun behind."""
    yield _circle(chance.randrange(120, 520), chance.randrange(70, 130), chance.randrange(46, 70), palette[4])
    count = chance.choice((4, 5, 6))
    span = WIDTH / count
    tall = chance.randrange(110, 170)
    for index in range(count):
        top = HEIGHT - tall - chance.randrange(0, 60)
        for ring in range(4):
            inset = ring * span / 9
            tone = palette[(1, 2, 3, 0)[ring]]
            x, wide = index * span + 6 + inset, span - 12 - 2 * inset
            yield _path(f"M{x:.0f} {HEIGHT}V{top + wide / 2 + inset:.0f}a{wide / 2:.0f} {wide / 2:.0f} 0 0 1 {wide:.0f} 0V{HEIGHT}z", tone)


def _waves(chance, palette):
    """Hills behind hills under a low sun."""
    yield _circle(chance.randrange(100, 540), chance.randrange(50, 110), chance.randrange(34, 58), palette[4])
    for layer, tone in enumerate((palette[3], palette[2], palette[1], palette[2], palette[1])):
        opacity = (0.35, 0.6, 0.8, 0.9, 1)[layer]
        base, swing = 105 + layer * 38, chance.randrange(18, 34)
        length, shift = chance.uniform(180, 320), chance.uniform(0, 6)
        points = [(x, base + swing * math.sin(x / length * math.tau / 1.6 + shift)) for x in range(0, WIDTH + 1, 32)]
        line = " ".join(f"{x} {y:.0f}" for x, y in points)
        yield _path(f"M0 {HEIGHT}L{line}L{WIDTH} {HEIGHT}z", tone, opacity)


def _tiles(chance, palette):
    """Quarter circles and squares, as on a floor."""
    side = chance.choice((70, 80))
    columns, rows = math.ceil(WIDTH / side), math.ceil(HEIGHT / side)
    for column in range(columns):
        for row in range(rows):
            x, y = column * side, row * side
            ground, ink = chance.sample(palette, 2)
            yield _rect(x, y, side + 1, side + 1, ground)  # over the next one: no seams
            yield _tile(chance.randrange(6), x, y, side, ink)


def _tile(kind, x, y, side, ink):
    corners = (
        f"M{x} {y}h{side}a{side} {side} 0 0 1 -{side} {side}z",
        f"M{x + side} {y}v{side}a{side} {side} 0 0 1 -{side} -{side}z",
        f"M{x + side} {y + side}h-{side}a{side} {side} 0 0 1 {side} -{side}z",
        f"M{x} {y + side}v-{side}a{side} {side} 0 0 1 {side} {side}z",
    )
    return _path(corners[kind], ink) if kind < 4 else _circle(x + side / 2, y + side / 2, side * (0.28, 0.42)[kind - 4], ink)


def _facets(chance, palette):
    """A cut stone: a grid pulled about, each half cell in a tone of its own."""
    columns, rows = 8, 4
    points = {
        (column, row): (
            column * WIDTH / columns + (chance.uniform(-26, 26) if 0 < column < columns else 0),
            row * HEIGHT / rows + (chance.uniform(-22, 22) if 0 < row < rows else 0),
        )
        for column in range(columns + 1)
        for row in range(rows + 1)
    }
    for column in range(columns):
        for row in range(rows):
            a, b = points[column, row], points[column + 1, row]
            c, d = points[column + 1, row + 1], points[column, row + 1]
            for corners in ((a, b, c), (a, c, d)):
                tone = chance.choices(palette, (5, 5, 4, 1.2, 0.8))[0]
                yield _path("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in corners) + "z", tone, chance.choice((0.55, 0.75, 1)))


def _orbits(chance, palette):
    """Rings round two centres, and a few bodies on them."""
    for centre, tones in ((chance.randrange(80, 260), palette[1:3]), (chance.randrange(380, 580), palette[2:4])):
        y = chance.randrange(60, 220)
        for ring in range(7, 0, -1):
            yield _circle(centre, y, ring * 30, tones[ring % 2], 0.32 + 0.08 * (7 - ring))
        for _ in range(3):
            turn, far = chance.uniform(0, math.tau), chance.randrange(2, 7) * 30
            yield _circle(centre + far * math.cos(turn), y + far * math.sin(turn), chance.randrange(6, 13), palette[4])


def _weave(chance, palette):
    """Slanting ribbons over and under."""
    step = chance.choice((40, 52, 64))
    lean = chance.choice((-120, 120, 200))
    for index, x in enumerate(range(-240, WIDTH + 240, step)):
        tone = palette[1 + index % 3] if chance.random() > 0.14 else palette[4]
        wide = step * chance.choice((0.5, 0.7, 1))
        yield _path(f"M{x} 0h{wide:.0f}l{lean} {HEIGHT}h-{wide:.0f}z", tone, chance.choice((0.7, 0.85, 1)))
    for y in chance.sample(range(30, HEIGHT - 20, 26), 4):
        yield _rect(0, y, WIDTH, chance.choice((3, 6, 12)), palette[0], 0.55)


def _path(line, colour, opacity=1):
    return f'<path d="{line}" fill="{colour}"{_faint(opacity)}/>'


def _rect(x, y, width, height, colour, opacity=1):
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"{_faint(opacity)}/>'


def _circle(x, y, radius, colour, opacity=1):
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{colour}"{_faint(opacity)}/>'


def _faint(opacity):
    return "" if opacity == 1 else f' opacity="{opacity:.2f}"'
