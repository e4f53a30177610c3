"""Which mail a member wants."""

from flask_wtf import FlaskForm
from wtforms import BooleanField

from lms.domain.notices.kinds import GROUPS
from lms.ui.notice_words import GROUPS as NAMES


class PreferencesForm(FlaskForm):
    """A box for each group whose mail may be switched off, ticked when it is wanted."""

    @property
    def chosen(self):
        return {name for name, group in GROUPS.items() if not group.is_fixed and self[name].data}


for _name, _group in GROUPS.items():
    if not _group.is_fixed:
        setattr(PreferencesForm, _name, BooleanField(NAMES[_name][0]))
