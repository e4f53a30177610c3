"""Shapes of an admin's decisions."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from lms.blueprints.fields import stripped
from lms.domain.withdrawals.actions import LONGEST_REASON


class RejectForm(FlaskForm):
    reason = TextAreaField(
        _("Why? The member reads it."),
        filters=[stripped],
        validators=[
            InputRequired(_("Say why: the member reads it.")),
            Length(min=1, max=LONGEST_REASON, message=_("A reason has 1 to 500 characters.")),
        ],
    )


class ReturnForm(FlaskForm):
    comment = TextAreaField(
        _("What should the teacher change?"),
        filters=[stripped],
        validators=[
            InputRequired(_("Say what the teacher should change.")),
            Length(min=1, max=2000, message=_("A comment has 1 to 2000 characters.")),
        ],
    )


class ReturnApplicationForm(FlaskForm):
    reason = TextAreaField(
        _("What is missing?"),
        filters=[stripped],
        validators=[DataRequired(_("Say what is missing.")), Length(min=1, max=2000, message=_("A reason has 1 to 2000 characters."))],
    )


class RejectPayoutForm(FlaskForm):
    reason = TextAreaField(
        _("Why not?"),
        filters=[stripped],
        validators=[DataRequired(_("Say why: the teacher reads it.")), Length(min=1, max=2000, message=_("A reason has 1 to 2000 characters."))],
    )


class PaidForm(FlaskForm):
    reference = StringField(
        _("Reference of the bank"),
        filters=[stripped],
        validators=[DataRequired(_("Write the reference under which the bank has it.")), Length(min=1, max=140, message=_("A bank reference has 1 to 140 characters."))],
    )
