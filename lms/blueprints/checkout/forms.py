"""What is sent to buy a course."""

import secrets

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import DataRequired, Length


class PurchaseForm(FlaskForm):
    """`key` is made when the form is rendered: the same form sent twice is one order."""

    key = HiddenField(default=lambda: secrets.token_urlsafe(24), validators=[DataRequired(), Length(max=80)])
