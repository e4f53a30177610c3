"""Amounts as people type them: `80`, `80.00` or `80,00`, read exactly into the smallest unit."""

import re

from flask_babel import gettext
from wtforms import StringField

from lms.domain.rulebook.amounts import MICRO
from lms.ui.language import language

_NUMBER = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_LONGEST = 24


class _Amount(StringField):
    """`data` is a whole number of units of which `digits` decimals make one; what was typed is shown again as it was typed."""

    digits, unit = 2, ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.typed = None

    def process_formdata(self, values):
        if values:
            self.typed, self.data = values[0], None
            self.data = self._read(values[0].replace(self.unit, "").strip())

    def _value(self):
        if self.typed is not None:
            return self.typed
        return "" if self.data is None else self._written(self.data // 10**self.digits, f"{self.data % 10**self.digits:0{self.digits}}")

    def _written(self, whole, decimals):
        return f"{whole}{language().decimal}{decimals}"

    def _read(self, text):
        if text.startswith(("-", "\u2212")):
            raise ValueError(gettext("This cannot be below zero."))
        found = _NUMBER.fullmatch(text)
        if not found or len(text) > _LONGEST:
            raise ValueError(gettext("Write a number such as 80.00, without letters or spaces."))
        if len(found[2] or "") > self.digits:
            raise ValueError(self._too_fine())
        units = int(found[1]) * 10**self.digits + int((found[2] or "").ljust(self.digits, "0"))
        self._check(units)
        return units

    def _check(self, units):
        """Raises ValueError for what is out of range."""


class Hundredths(_Amount):
    """A number with at most two decimals, from 0 to `most` hundredths: cents of a price, basis points of a percentage."""

    def __init__(self, *args, most, unit, **kwargs):
        super().__init__(*args, **kwargs)
        self.most, self.unit = most, unit

    def _too_fine(self):
        return gettext("Use at most two decimals, such as 80.00.")

    def _check(self, units):
        if units > self.most:
            raise ValueError(gettext("The most is %(most)d %(unit)s.", most=self.most // 100, unit=self.unit))


class Tokens(_Amount):
    """An amount of TEO with at most six decimals, in millionths."""

    digits, unit = 6, "TEO"
    most = 10**9 * MICRO

    def _too_fine(self):
        return gettext("Use at most six decimals, such as 12.50.")

    def _check(self, units):
        if units > self.most:
            raise ValueError(gettext("There are not so many TEO."))
