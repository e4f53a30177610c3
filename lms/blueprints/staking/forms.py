"""An amount of TEO to stake or to ask out. `key` is made when the form is rendered: the same form sent twice does it once."""

import secrets

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import DataRequired, InputRequired, Regexp

from lms.blueprints.amounts import Tokens


class AmountForm(FlaskForm):
    key = HiddenField(default=lambda: secrets.token_urlsafe(24), validators=[DataRequired(), Regexp(r"[\w-]{1,80}\Z")])
    amount = Tokens(_("Amount in TEO"), validators=[InputRequired(_("Write an amount from 0.01 TEO on."))])
