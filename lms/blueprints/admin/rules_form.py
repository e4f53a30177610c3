"""A form over every number of the rulebook, in the groups and words of its public page."""

from dataclasses import replace

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import FieldList, FormField, StringField
from wtforms.validators import InputRequired, Length, Optional

from lms.blueprints.admin.rule_fields import Percent, Teo, Whole, Within, of_rule
from lms.blueprints.fields import line, sentence
from lms.blueprints.forms import Form
from lms.domain.governance.drafts import LONGEST_NOTICE, SHORTEST_NOTICE
from lms.domain.rulebook import checks
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.errors import Invalid
from lms.ui.risk_words import RISKS
from lms.ui.rulebook import RULES
from lms.ui.units import days

SIGNS = {f"weight_{place}": name for place, (name, _points) in enumerate(Rules().risk_weights)}
MOST_TIERS = 12


class TierForm(FlaskForm):
    """A row without a word in it is no tier."""

    class Meta:
        csrf = False

    name = StringField(_("Tier"), filters=[line], validators=[Length(max=40, message=_("A name has at most 40 characters."))])
    staked = Teo(_("From a stake of, in TEO"), validators=[Optional()])
    platform_bp = Percent(_("Platform's share, in %"), validators=[Optional()])

    @property
    def is_empty(self):
        return not self.name.data and not self.staked.typed and not self.platform_bp.typed

    def validate(self, extra_validators=None):
        if not super().validate(extra_validators):
            return False
        if not self.is_empty and (not self.name.data or self.staked.data is None or self.platform_bp.data is None):
            self.name.errors = [gettext("A tier has a name, a stake and a share. Leave all three empty to drop it.")]
        return not self.name.errors

    @property
    def tier(self):
        return Tier(self.name.data, self.staked.data, self.platform_bp.data)


class _RulesForm(Form):
    tiers = FieldList(FormField(TierForm), max_entries=MOST_TIERS)
    notice_days = Whole(_("Days from the announcement until it holds"), validators=[InputRequired(_("Write a number.")), Within(SHORTEST_NOTICE, LONGEST_NOTICE, days)])

    def __init__(self, rules, notice_days, **options):
        """Filled with what stands in a draft, and below its tiers with a row for one more."""
        numbers = {name: getattr(rules, name) for name in RULES if name not in ("tiers", "risk_weights")}
        weights = {field: rules.weights.get(name, 0) for field, name in SIGNS.items()}
        tiers = [dict(name=tier.name, staked=tier.staked, platform_bp=tier.platform_bp) for tier in rules.tiers]
        super().__init__(data=numbers | weights | dict(tiers=tiers, notice_days=notice_days), **options)
        self._before = rules
        if len(self.tiers) < MOST_TIERS and not any(row.form.is_empty for row in self.tiers):
            self.tiers.append_entry()

    def validate(self, extra_validators=None):
        return super().validate(extra_validators) and self._is_sound()

    @property
    def rules(self):
        """The Rules as they were typed; those of signs of fraud that have no field stay as they are."""
        numbers = {name: self[name].data for name in RULES if name not in ("tiers", "risk_weights")}
        weights = self._before.weights | {name: self[field].data for field, name in SIGNS.items()}
        tiers = tuple(row.form.tier for row in self.tiers if not row.form.is_empty)
        return replace(self._before, tiers=tiers, risk_weights=tuple(weights.items()), **numbers)

    def _is_sound(self):
        """What `checks` says of all numbers together stands beside the one it is about, if there is one, in the words of the page."""
        try:
            checks.check(self.rules)
        except Invalid as refusal:
            about = [value for value in refusal.values.values() if value in RULES]
            words = {name: str(RULES[value].label) if value in RULES else value for name, value in refusal.values.items()}
            said = sentence(Invalid(refusal.message, **words))
            said = said[:1].upper() + said[1:]
            if about and about[0] in self._fields:
                self[about[0]].errors = [said]
            else:
                self.form_errors = [said]
            return False
        return True


def _weight(name):
    label = _(RISKS[name][0])  # in the catalogue as one of those
    return Whole(label, validators=[InputRequired(_("Write a number.")), Within(0, checks.HIGHEST_WEIGHT)])


RulesForm = type(
    "RulesForm",
    (_RulesForm,),
    {name: of_rule(rule) for name, rule in RULES.items() if name not in ("tiers", "risk_weights")} | {field: _weight(name) for field, name in SIGNS.items()},
)
