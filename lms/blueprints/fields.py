"""What forms of several nouns share: how a text is read, the key of what is done once, and what the domain says beside a field."""

import secrets

from flask_babel import gettext
from wtforms import HiddenField
from wtforms.validators import DataRequired, Regexp, ValidationError

from lms.errors import DomainError


class Key(HiddenField):
    """Made when the form is rendered (`default=new_key`): the same form sent twice does it once."""

    def __init__(self, **kwargs):
        super().__init__(filters=[text], validators=[DataRequired(), Regexp(r"[\w-]{1,80}\Z")], **kwargs)


def new_key():
    return secrets.token_urlsafe(24)


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
