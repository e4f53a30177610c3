"""What forms of several nouns share: how a text is read, the key of what is done once, and what the domain says beside a field."""

import re
import secrets
from datetime import date

from flask_babel import gettext
from wtforms import HiddenField
from wtforms.validators import DataRequired, ValidationError

from lms.errors import DomainError

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_KEY = re.compile(r"[\w-]{1,80}")


class Key(HiddenField):
    """Made when the form is rendered (`default=new_key`): the same form sent twice does it once. What we never make is none."""

    def __init__(self, **kwargs):
        super().__init__(validators=[DataRequired()], **kwargs)

    def process_formdata(self, values):
        if values:
            self.data = values[0] if _KEY.fullmatch(values[0]) else ""


def new_key():
    return secrets.token_urlsafe(24)


def within_reach(_form, field):
    """Days at the ends of the calendar have no midnight in every zone, and nothing of ours happens there."""
    if field.data and not FIRST_DAY <= field.data <= LAST_DAY:
        raise ValidationError(gettext("Choose a day from 2000 to 2100."))


def text(value):
    """Without the character a database cannot keep, and with the line ends of this house."""
    return (value or "").replace("\x00", "").replace("\r\n", "\n")


def stripped(value):
    return text(value).strip()


def line(value):
    return " ".join(text(value).split())


def heed(check, *values):
    """What the domain would refuse is said beside the field; answers what the check answers."""
    try:
        return check(*values)
    except DomainError as refusal:
        raise ValidationError(sentence(refusal)) from None


def sentence(refusal):
    """A DomainError in the member's language."""
    return gettext(refusal.message, **refusal.values)
