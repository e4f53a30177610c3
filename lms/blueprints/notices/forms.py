"""Which mail a member wants."""

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectMultipleField

from lms.blueprints.forms import Form
from lms.ui.notice_words import NAMES


class PreferencesForm(Form):
    """`mailed` are the kinds ticked, of those the member may choose."""

    mailed = SelectMultipleField(_("By mail"), name="mailed[]", default=())

    def __init__(self, kinds, **options):
        super().__init__(**options)
        self.mailed.choices = [(kind, NAMES[kind]) for kind in kinds]

    def validate(self, extra_validators=None):
        """Of a page with other switches, such as one opened before they changed, nothing is taken: what it leaves out it never offered."""
        if super().validate(extra_validators) and set(request.form) <= {field.name for field in self}:
            return True
        self.form_errors = [self.refusal or gettext("What there is to choose has changed since you opened this page, and nothing was saved. Choose again.")]
        return False
