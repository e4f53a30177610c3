"""Shapes of what links an address, names it and lets it go."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from lms.blueprints.fields import line
from lms.blueprints.forms import Form
from lms.domain.wallet.address_linking import LONGEST_LABEL


class AddressForm(Form):
    """`meant` is the address of which was said that it looks like another: sent again, it is meant."""

    address = StringField(_("Address"), filters=[lambda typed: (typed or "").strip()], validators=[InputRequired(_("Write the address: 0x and 40 hexadecimal digits.")), Length(max=60)])
    meant = HiddenField()


class SignatureForm(Form):
    signature = StringField(_("Signature"), filters=[lambda typed: (typed or "").strip()], validators=[InputRequired(_("Paste the signature your wallet gave.")), Length(max=200)])


class LabelForm(Form):
    label = StringField(_("Name"), filters=[line], validators=[Length(max=LONGEST_LABEL, message=_("A name has at most 40 characters."))])


class PasswordForm(Form):
    password = PasswordField(_("Your password"), validators=[InputRequired(_("Type your password."))])
