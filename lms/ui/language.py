"""The language and time zone a page is written in. A page asks for them some hundred times, so they are worked out once."""

from functools import lru_cache
from typing import NamedTuple

from babel.numbers import get_decimal_symbol
from babel.support import NullTranslations
from flask import g
from flask_babel import get_locale, get_timezone, get_translations


class Language(NamedTuple):
    code: str
    zone: object  # a tzinfo; None outside of the application
    catalogue: NullTranslations
    decimal: str


def language():
    """The Language of whom the page is for, English outside of the application."""
    try:
        found = g._get_current_object()._flask_babel.babel_translations  # an attribute asked of the proxy takes thrice as long
    except (AttributeError, RuntimeError):
        found = None
    return found or _worked_out()


def _worked_out():
    """Kept under the name that Flask-Babel forgets when the language changes, and does not read itself."""
    locale = get_locale()
    if locale is None:
        return Language("en", None, NullTranslations(), ".")
    found = Language(str(locale), get_timezone(), get_translations(), _decimal(str(locale)))
    g._flask_babel.babel_translations = found
    return found


@lru_cache
def _decimal(code):
    return get_decimal_symbol(code)
