"""Which mail a member wants."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, SelectMultipleField

from lms.blueprints.forms import Form
from lms.ui.notice_words import NAMES


class PreferencesForm(Form):
    """`mailed` are the kinds ticked, of those the member may choose; `offered` says which the page had a switch for."""

    mailed = SelectMultipleField(_("By mail"), name="mailed[]", default=())
    offered = HiddenField()

    def __init__(self, kinds, **options):
        super().__init__(**options)
        self.mailed.choices = [(kind, NAMES[kind]) for kind in kinds]

    @property
    def kinds(self):
        """The kinds there is a switch for now, as the page sends them back."""
        return ", ".join(kind for kind, _name in self.mailed.choices)

    def validate(self, extra_validators=None):
        """Of a page with other switches, such as one opened before its member taught, nothing is taken: a kind it had no switch for was never declined."""
        if super().validate(extra_validators) and self.offered.data == self.kinds:
            return True
        self.form_errors = [self.refusal or gettext("What there is to choose has changed since you opened this page, and nothing was saved. Choose again.")]
        return False
