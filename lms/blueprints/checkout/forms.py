"""What is sent to buy a course."""

import secrets

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import DataRequired, Regexp


class PurchaseForm(FlaskForm):
    """`key` is made when the form is rendered: the same form sent twice is one order."""

    key = HiddenField(default=lambda: secrets.token_urlsafe(24), validators=[DataRequired(), Regexp(r"[\w-]{1,80}\Z")])
