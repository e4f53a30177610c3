"""The days a statement is asked for."""

from flask_babel import lazy_gettext as _
from wtforms import DateField
from wtforms.validators import InputRequired

from lms.blueprints.fields import within_reach
from lms.blueprints.forms import Form


class DaysForm(Form):
    """Whether they make a statement, its verb says."""

    class Meta:
        csrf = False  # nothing is changed

    first = DateField(_("From"), validators=[InputRequired(_("Choose the first day.")), within_reach])
    last = DateField(_("To, this day included"), validators=[InputRequired(_("Choose the last day.")), within_reach])
