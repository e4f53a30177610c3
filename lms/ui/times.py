"""Moments as people say them, in the member's time zone and language; the full date on hover and for screen readers."""

from datetime import datetime, timedelta
from functools import lru_cache

from babel.dates import format_date, format_datetime
from markupsafe import Markup, escape

from lms import clock
from lms.ui.language import language
from lms.ui.words import gettext

_SHORT, _WITH_YEAR, _FULL, _IN_WORDS, _WITH_HOUR, _EXACT = "d MMM", "d MMM y", "EEEE d MMMM y, HH:mm z", "d MMM y, HH:mm z", "d MMM, HH:mm", "d MMM y, HH:mm"
_NEAR, _SECOND, _TO_THE_MINUTE = timedelta(hours=20), timedelta(seconds=1), timedelta(hours=48)


def when(moment):
    """`in 4 s`, `12 min ago`, `7 Dec`, `7 Dec 2027`. A moment without a time zone is refused: it would be a guess."""
    now = clock.now()
    date, _, full, _ = _said(moment, now)
    return _time(moment, _short(moment, now) or date, full)


def deadline(moment):
    """After "until", "on" or "from": `7 Dec`, `7 Dec 2027`, and `7 Dec, 14:30` where it is less than two days away and the hour matters."""
    now = clock.now()
    date, hour, full, _ = _said(moment, now)
    return _time(moment, hour if abs(moment - now) < _TO_THE_MINUTE else date, full)


def written(moment):
    """A moment or a day inside a sentence or a letter, in plain text: `7 Dec 2026, 14:30 CET`, `7 Dec 2026`."""
    spoken = language()
    if not isinstance(moment, datetime):
        return format_date(moment, _WITH_YEAR, locale=spoken.code)
    return format_datetime(moment, _IN_WORDS, tzinfo=spoken.zone, locale=spoken.code)


def exact(moment):
    """On a receipt: `7 Dec 2026, 14:30`."""
    *_, full, exactly = _said(moment, clock.now())
    return _time(moment, exactly, full)


def _said(moment, now):
    """The date, with its hour, in full, and exactly."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    spoken = language()
    return _written(moment.replace(second=0, microsecond=0), now.replace(minute=0, second=0, microsecond=0), spoken.zone, spoken.code)


def _time(moment, short, full):
    iso = moment.isoformat(timespec="seconds")
    return Markup(
        f'<time datetime="{iso}" title="{full}"><span aria-hidden="true">{short}</span><span class="visually-hidden">{full}</span></time>'
    )


def _short(moment, now):
    """Of a moment that is near, else None."""
    distance = abs(moment - now)
    if distance < _SECOND:
        return gettext("now")
    if distance < _NEAR:
        span = _span(distance)
        return escape(gettext("in %(time)s", time=span) if moment > now else gettext("%(time)s ago", time=span))
    return None


def _span(distance):
    seconds = int(distance.total_seconds())
    if seconds < 60:
        return gettext("%(count)s s", count=seconds)
    if seconds < 3600:
        return gettext("%(count)s min", count=seconds // 60)
    return gettext("%(count)s h", count=seconds // 3600)


@lru_cache(maxsize=8192)
def _written(minute, hour, zone, code):
    """What `_said` answers, as said in this hour. Remembered: a list says the same ones again and again, and Babel takes its time."""
    same_year = minute.astimezone(zone).year == hour.astimezone(zone).year
    patterns = (_SHORT if same_year else _WITH_YEAR, _WITH_HOUR, _FULL, _EXACT)
    return [escape(format_datetime(minute, pattern, tzinfo=zone, locale=code)) for pattern in patterns]
