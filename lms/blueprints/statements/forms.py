"""The days a statement is asked for."""

from datetime import date

from flask_babel import lazy_gettext as _
from wtforms import DateField
from wtforms.validators import InputRequired, ValidationError

from lms.blueprints.forms import Form

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


def _known(_form, field):
    if field.data and not FIRST <= field.data <= LAST:
        raise ValidationError(_("Choose a day from 2000 to 2100."))


class DaysForm(Form):
    """Whether they make a statement, its verb says."""

    class Meta:
        csrf = False  # nothing is changed

    first = DateField(_("From"), validators=[InputRequired(_("Choose the first day.")), _known])
    last = DateField(_("To, this day included"), validators=[InputRequired(_("Choose the last day.")), _known])
