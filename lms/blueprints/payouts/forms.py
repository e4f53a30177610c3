"""What a teacher fills in to be paid. Rules are the domain's: a form only asks them early, to keep what was typed."""

import re
from functools import cached_property

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, ValidationError

from lms import clock
from lms.blueprints.amounts import Hundredths
from lms.blueprints.fields import Key, heed, new_key, sentence
from lms.blueprints.forms import Form
from lms.domain.accounts import actions as accounts
from lms.domain.ledger.keys import made
from lms.domain.withdrawals import payout_details, payout_limits
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError
from lms.ui import euros

_HIGHEST = 10**9  # cents
# Groups and tests that stand among the countries.
_NO_COUNTRIES = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")


def countries():
    """[(code, name)] in the member's language, by name."""
    names = get_locale().territories
    found = [(code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRIES]
    return sorted(found, key=lambda country: country[1])


def _line(label, what_is_missing):
    def check(form, field):
        heed(payout_details.clean_line, field.name, field.data)

    return StringField(label, validators=[DataRequired(what_is_missing), check])


class PayoutForm(Form):
    """The same form sent twice asks once: the second time, what it has set aside itself does not stand in its way."""

    key = Key(default=new_key)
    amount = Hundredths(_("Amount in EUR"), validators=[InputRequired(_("Write an amount."))], most=_HIGHEST, unit="€")

    def __init__(self, user, details, rules, available, **kwargs):
        super().__init__(**kwargs)
        self.user, self.details, self.rules, self.available = user, details, rules, available

    @property
    def waits_until(self):
        """When the details can be used, or None where they can be now, or there are none."""
        usable_at = self.details and payout_limits.usable_at(self.user, self.details)
        return usable_at if usable_at and usable_at > clock.now() else None

    def validate(self, **options):
        """What speaks against any amount is said above the fields."""
        is_valid = super().validate(**options)
        try:
            if not self.is_again:
                payout_limits.check_may_ask(self.user, self.rules, self.details)
        except DomainError as error:
            self.form_errors.append(sentence(error))
            return False
        return is_valid

    @cached_property
    def is_again(self):
        return made(Payout, self.key.data) is not None

    def validate_amount(self, field):
        if field.data is None:
            return
        heed(payout_limits.check_amount, field.data, self.rules)
        if field.data > self.available and not self.is_again:
            raise ValidationError(gettext("You have %(amount)s available.", amount=euros(self.available)))


class DetailsForm(Form):
    """To whom and where euros go; who changes it shows that he is the member, by his password."""

    legal_name = _line(_("Legal name"), _("Write the name the bank account is in."))
    street = _line(_("Street and number"), _("Write a street."))
    postal_code = _line(_("Postal code"), _("Write a postal code."))
    city = _line(_("City"), _("Write a city."))
    country = SelectField(_("Country"), validators=[DataRequired(_("Choose a country."))])
    tax_id = _line(_("Tax id or VAT number"), _("Write your tax id: we must keep it."))
    iban = StringField(_("IBAN"), validators=[DataRequired(_("Write an IBAN."))])
    password = PasswordField(_("Your password"), validators=[DataRequired(_("Write your password: it shows that it is you."))])

    def __init__(self, user, details=None, **kwargs):
        super().__init__(obj=details and _Shown(details), **kwargs)
        self.user = user
        self.country.choices = [SelectChoice("", _("Choose"))] + [SelectChoice(*country) for country in countries()]

    @property
    def facts(self):
        return {name: self[name].data for name in (*payout_details.LONGEST, "country", "iban")}

    def validate_iban(self, field):
        heed(payout_details.clean_iban, field.data)

    def validate_password(self, field):
        if field.data:
            heed(accounts.confirm_password, self.user, field.data)


class _Shown:
    """What stands in the form at first: the details in force, the IBAN in groups."""

    def __init__(self, details):
        for name in (*payout_details.LONGEST, "country"):
            setattr(self, name, getattr(details, name))
        self.iban = details.grouped_iban
