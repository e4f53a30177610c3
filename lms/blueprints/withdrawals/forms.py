"""What is sent to withdraw TEO."""

from flask_babel import lazy_gettext as _
from markupsafe import Markup
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired

from lms.blueprints.amounts import Tokens
from lms.blueprints.fields import Key
from lms.blueprints.forms import Form

NOW, BATCH = "now", "batch"


class QuoteForm(Form):
    """What shall be withdrawn. An address is one of the member's `linked` wallets, by its id."""

    amount = Tokens(_("Amount"), validators=[InputRequired(_("Say how many TEO."))])
    wallet = RadioField(_("To your address"), coerce=int, validators=[DataRequired(_("Choose one of your addresses."))])
    when = RadioField(
        _("When"),
        choices=[SelectChoice(NOW, _("Now")), SelectChoice(BATCH, _("With the next batch"))],
        default=NOW,
        validators=[DataRequired(_("Say when."))],
    )

    def __init__(self, linked, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.linked = linked
        self.wallet.choices = [SelectChoice(wallet.id, _named(wallet)) for wallet in linked]
        if self.wallet.data is None and len(linked) == 1 and not self.is_submitted():
            self.wallet.data = linked[0].id

    @property
    def to(self):
        """The LinkedWallet chosen; of a valid form."""
        return next(wallet for wallet in self.linked if wallet.id == self.wallet.data)

    @property
    def is_prompt(self):
        return self.when.data == NOW


class WithdrawalForm(QuoteForm):
    """The same, meant. `key` is made with the quote: the same form sent twice is one withdrawal."""

    key = Key()


class CancelForm(Form):
    """Carries nothing but its token: the page says what will happen, the button means it."""


def written(micro):
    """An amount to be sent back as it is: exact, with the digits it takes."""
    whole, fraction = divmod(micro, 10**6)
    return f"{whole}.{fraction:06}".rstrip("0").rstrip(".")


def _named(wallet):
    """Short, whole on hover, with the name its owner gave it."""
    short = f"{wallet.address[:6]}…{wallet.address[-4:]}"
    return Markup('<code title="{}">{}</code> {}').format(wallet.address, short, wallet.label)
