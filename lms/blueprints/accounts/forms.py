"""What people fill in about their accounts. Rules are the domain's: a form only asks it early, to keep what was typed."""

from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from lms.blueprints.fields import heed
from lms.blueprints.forms import Form
from lms.domain.accounts.checks import check_password, clean_name
from lms.ui.preferences import LANGUAGES

_OTHER_NAMES = ("Etc/", "US/", "SystemV/", "posix/", "right/", "Brazil/", "Canada/", "Chile/", "Mexico/")
ZONES = ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_OTHER_NAMES))]


def address(form, field):
    """An address that mail can reach, in the one spelling we keep."""
    try:
        field.data = validate_email(field.data, check_deliverability=False, allow_smtputf8=False).ascii_email.lower()
    except EmailNotValidError:
        raise ValidationError(gettext("This is not an e-mail address.")) from None


def allowed(rule, *others):
    """What a rule of the domain says about this field, with the values of `others`."""

    def check(form, field):
        heed(rule, field.data, *(form[other].data or "" for other in others))

    return check


def _name_field():
    return StringField(_("Your name"), [DataRequired(_("Write your name.")), allowed(clean_name)])


def _email_field(label):
    return EmailField(label, [DataRequired(_("Write your e-mail address.")), Length(max=254), address])


def _password_field(label):
    return PasswordField(label, [DataRequired(_("Write your password.")), Length(max=200)])


def _zone_field():
    return SelectField(_("Time zone"), choices=[SelectChoice(zone, zone.replace("_", " ")) for zone in ZONES], default="UTC")


class SignUpForm(Form):
    name = _name_field()
    email = _email_field(_("E-mail address"))
    password = PasswordField(_("Password"), [DataRequired(_("Choose a password.")), allowed(check_password, "email")])
    time_zone = _zone_field()


class LogInForm(FlaskForm):
    email = _email_field(_("E-mail address"))
    password = _password_field(_("Password"))


class ForgottenForm(FlaskForm):
    email = _email_field(_("E-mail address"))


class ResetForm(FlaskForm):
    password = PasswordField(_("New password"), [DataRequired(_("Choose a password."))])

    def __init__(self, user):
        super().__init__()
        self.user = user

    def validate_password(self, field):
        allowed(lambda password: check_password(password, self.user.email))(self, field)


class ProfileForm(Form):
    name = _name_field()
    locale = SelectField(_("Language"), choices=[SelectChoice(*language) for language in LANGUAGES.items()])
    time_zone = _zone_field()


class EmailForm(Form):
    email = _email_field(_("New e-mail address"))
    password = _password_field(_("Your password"))


class PasswordForm(ResetForm):
    current = _password_field(_("Your password now"))

    def __init__(self, user, **kwargs):
        FlaskForm.__init__(self, **kwargs)
        self.user = user
