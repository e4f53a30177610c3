"""Moments as people say them, in the member's time zone and language; the full date on hover and for screen readers."""

from datetime import timedelta

from flask_babel import format_datetime, gettext, to_user_timezone
from markupsafe import Markup

from lms import clock

_SHORT, _WITH_YEAR, _FULL = "d MMM", "d MMM y", "EEEE d MMMM y, HH:mm z"
_NEAR = timedelta(hours=20)


def when(moment):
    """`in 4 s`, `12 min ago`, `7 Dec`, `7 Dec 2027`. A moment without a time zone is refused: it would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    full = format_datetime(moment, _FULL)
    return Markup(
        '<time datetime="{}" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></time>'
    ).format(moment.isoformat(timespec="seconds"), full, _short(moment, clock.now()), full)


def _short(moment, now):
    distance = abs(moment - now)
    if distance < timedelta(seconds=1):
        return gettext("now")
    if distance < _NEAR:
        span = _span(distance)
        return gettext("in %(time)s", time=span) if moment > now else gettext("%(time)s ago", time=span)
    same_year = to_user_timezone(moment).year == to_user_timezone(now).year
    return format_datetime(moment, _SHORT if same_year else _WITH_YEAR)


def _span(distance):
    seconds = int(distance.total_seconds())
    if seconds < 60:
        return gettext("%(count)s s", count=seconds)
    if seconds < 3600:
        return gettext("%(count)s min", count=seconds // 60)
    return gettext("%(count)s h", count=seconds // 3600)
