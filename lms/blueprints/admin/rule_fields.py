"""Fields for the numbers of the rulebook, each in the unit it is read in and within the bounds of `checks`."""

import re
from types import MappingProxyType

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, StopValidation

from lms.blueprints.amounts import Hundredths, Tokens
from lms.domain.rulebook import checks
from lms.domain.rulebook.amounts import BASIS
from lms.ui import units
from lms.ui.language import language


class Whole(IntegerField):
    """A whole number; what was typed is shown again as it was typed."""

    def process_formdata(self, values):
        if values:
            self.data = None
            if not re.fullmatch(r"[0-9]{1,9}", values[0].strip()):
                raise ValueError(gettext("Write a whole number, such as 14."))
            self.data = int(values[0])


class Percent(Hundredths):
    """Basis points, typed as a percentage."""

    def __init__(self, *args, **options):
        super().__init__(*args, most=BASIS, unit="%", **options)


class Teo(Tokens):
    """As few digits as it takes, two at least."""

    def _written(self, whole, decimals):
        return super()._written(whole, decimals.rstrip("0").ljust(2, "0"))


class Levels(StringField):
    """Basis points of several percentages, typed one after the other: `5 10 15`."""

    data = ()

    def process_formdata(self, values):
        if values:
            self.typed, self.data = values[0], None
            self.data = tuple(map(self._read, re.findall(r"[^\s;/%]+", values[0])))

    def _read(self, word):
        found = re.fullmatch(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?", word.strip(","))
        if not found:
            raise ValueError(gettext("Write percentages with a space between them, such as 5 10 15."))
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def _value(self):
        typed = getattr(self, "typed", None)
        return typed if typed is not None else " ".join(f"{level / 100:g}".replace(".", language().decimal) for level in self.data or ())


def of_rule(rule):
    """The field for a Rule of lms.ui.rulebook."""
    make, options, unit = _FIELDS[rule.unit]
    needed = [] if make is Levels else [InputRequired(_("Write a number.")), Within(*checks.bounds(rule.name), rule.unit)]
    return make(rule.label, validators=needed, description=unit, **options)


class Within:
    """Says between which numbers, in the unit they are read in."""

    field_flags = MappingProxyType({})

    def __init__(self, least, most, unit=units.number):
        self._least, self._most, self._unit = least, most, unit

    def __call__(self, _form, field):
        if field.data is None:
            raise StopValidation
        if not self._least <= field.data <= self._most:
            raise StopValidation(gettext("From %(least)s to %(most)s.", least=self._unit(self._least), most=self._unit(self._most)))


# unit of a rule → its field, what that takes, and the word behind the number
_FIELDS = {
    units.euros: (Hundredths, dict(most=checks.LARGEST_AMOUNT, unit="€"), "€"),
    units.percent: (Percent, {}, "%"),
    units.tokens: (Teo, {}, "TEO"),
    units.share: (Whole, {}, "%"),
    units.days: (Whole, {}, _("days")),
    units.hours: (Whole, {}, _("hours")),
    units.number: (Whole, {}, ""),
    units.levels: (Levels, {}, "%"),
}
