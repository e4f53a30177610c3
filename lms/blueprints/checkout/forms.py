"""What is sent to buy a course."""

from wtforms import HiddenField, IntegerField
from wtforms.validators import Length
from wtforms.widgets import HiddenInput

from lms.blueprints.fields import Key, new_key
from lms.blueprints.forms import Form
from lms.domain.checkout.coupons import LONGEST_CODE


class PurchaseForm(Form):
    """`key` is made when the form is rendered: the same form sent twice is one order. `level` (basis points) and `code` are what the price shown was for."""

    key = Key(default=new_key)
    level = IntegerField(widget=HiddenInput(), default=0, filters=[lambda level: level or 0])
    code = HiddenField(default="", validators=[Length(max=2 * LONGEST_CODE)])


class ConfirmForm(Form):
    """Carries nothing but its token: the page says what will happen, the button means it."""
