"""The test cards, each with what it does, and the form that pays with one."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import AnyOf, DataRequired

from lms.gateways.sandbox_cards import CARDS

MEANINGS = {
    "succeeds": _("succeeds"),
    "declined": _("is declined"),
    "challenge": _("asks for a confirmation first"),
    "late": _("succeeds, told 15 seconds late"),
    "twice": _("succeeds, told three times"),
    "failed_first": _("told as failed, then as succeeded"),
    "processing_last": _("told as succeeded, then as processing"),
    "wrong_amount": _("takes one cent too little"),
    "wrong_currency": _("takes US dollars"),
    "disputed": _("succeeds; seconds later the bank takes the money back"),
    "dispute_won": _("succeeds; seconds later the bank asks for the money back, and does not get it"),
}


class CardForm(FlaskForm):
    card = StringField(
        _("Card number"),
        filters=[lambda number: "".join((number or "").split())],
        validators=[DataRequired(), AnyOf(CARDS, _("This is no test card. Take one from the list."))],
    )


class ChallengeForm(FlaskForm):
    """Carries nothing but its token: which button was pressed is the answer."""
