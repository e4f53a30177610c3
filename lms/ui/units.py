"""Numbers of the rulebook as people read them."""

from flask_babel import gettext, ngettext

from lms.ui.language import language
from lms.ui.money import euros, grouped, teo

__all__ = ["days", "euros", "hours", "levels", "number", "percent", "secret", "share", "tiers", "tokens"]
NARROW = "\u00a0"


def percent(basis_points):
    """250 → `2.5 %`."""
    whole, rest = divmod(basis_points, 100)
    decimals = f"{rest:02}".rstrip("0")
    return f"{whole}{language().decimal if decimals else ''}{decimals}{NARROW}%"


def share(hundredths):
    """30 → `30 %`."""
    return f"{hundredths}{NARROW}%"


def tokens(micro):
    """2_000_000 → `2.00 TEO`."""
    return f"{teo(micro)}{NARROW}TEO"


def number(count):
    return grouped(count)


def secret(_number):
    """Of what only admins know."""
    return gettext("not published")


def days(count):
    return ngettext("%(num)s day", "%(num)s days", count)


def hours(count):
    return ngettext("%(num)s hour", "%(num)s hours", count)


def levels(basis_points):
    """(500, 1000) → `5 % or 10 %`; without any, `nothing`."""
    if not basis_points:
        return gettext("nothing")
    *others, last = map(percent, basis_points)
    return gettext("%(others)s or %(last)s", others=", ".join(others), last=last) if others else last


def tiers(ladder):
    """Each tier with its stake and the platform's share: `Bronze 50 % from 0.00 TEO`."""
    return ", ".join(gettext("%(tier)s %(share)s from %(stake)s", tier=gettext(tier.name), share=percent(tier.platform_bp), stake=tokens(tier.staked)) for tier in ladder)
