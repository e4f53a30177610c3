"""Shapes of a teacher's answers about the TEO of discounts."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from lms.blueprints.amounts import Hundredths
from lms.blueprints.forms import Form
from lms.domain.checkout.splits import ALWAYS
from lms.domain.rulebook.amounts import HIGHEST_PRICE

DECLINE, ACCEPT, UP_TO = "decline", "accept", "up to"


class PolicyForm(Form):
    policy = RadioField(
        _("When a student pays a part in TEO"),
        choices=[
            SelectChoice(DECLINE, _("I take the euros, always")),
            SelectChoice(ACCEPT, _("I take the TEO, always")),
            SelectChoice(UP_TO, _("I take the TEO of discounts up to the level below")),
        ],
        validators=[InputRequired(_("Choose one of the policies."))],
    )
    level = SelectField(_("Up to"), coerce=int, default=1000)

    def __init__(self, levels_bp, policy=None, **kwargs):
        kept = {} if policy is None else dict(policy=_kind(policy), level=policy.up_to_bp if policy.up_to_bp in levels_bp else 1000)
        super().__init__(data=kept, **kwargs)
        self.level.choices = [SelectChoice(level, f"{level // 100} %") for level in levels_bp]

    @property
    def up_to_bp(self):
        """The highest level at which he takes the TEO."""
        return {DECLINE: 0, ACCEPT: ALWAYS, UP_TO: self.level.data}[self.policy.data]


class ExampleForm(FlaskForm):
    price = Hundredths(_("At a price of, in EUR"), validators=[Optional()], most=HIGHEST_PRICE, unit="€")


def _kind(policy):
    return {0: DECLINE, ALWAYS: ACCEPT}.get(policy.up_to_bp, UP_TO)
