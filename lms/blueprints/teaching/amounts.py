"""Amounts as people type them: `80`, `80.00` or `80,00`, read exactly into hundredths."""

import re

from flask_babel import gettext
from wtforms import StringField

_NUMBER = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_LONGEST = 20


class Hundredths(StringField):
    """A number with at most two decimals, from 0 to `most` hundredths: cents of a price, basis points of a percentage.

    `data` is the whole number of hundredths; what was typed is shown again as it was typed."""

    def __init__(self, *args, most, unit, **kwargs):
        super().__init__(*args, **kwargs)
        self.most, self.unit, self.typed = most, unit, None

    def process_formdata(self, values):
        if values:
            self.typed, self.data = values[0], None
            self.data = self._read(values[0].replace(self.unit, "").strip())

    def _value(self):
        if self.typed is not None:
            return self.typed
        return "" if self.data is None else f"{self.data // 100}.{self.data % 100:02}"

    def _read(self, text):
        if text.startswith(("-", "\u2212")):
            raise ValueError(gettext("This cannot be below zero."))
        found = _NUMBER.fullmatch(text)
        if not found or len(text) > _LONGEST:
            raise ValueError(gettext("Write a number such as 80.00, without letters or spaces."))
        if len(found[2] or "") > 2:
            raise ValueError(gettext("Use at most two decimals, such as 80.00."))
        hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
        if hundredths > self.most:
            raise ValueError(gettext("The most is %(most)d %(unit)s.", most=self.most // 100, unit=self.unit))
        return hundredths
