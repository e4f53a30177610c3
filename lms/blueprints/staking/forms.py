"""An amount of TEO to stake or to ask out. `key` is made when the form is rendered: the same form sent twice does it once."""

from flask_babel import lazy_gettext as _
from wtforms.validators import InputRequired

from lms.blueprints.amounts import Tokens
from lms.blueprints.fields import Key, new_key
from lms.blueprints.forms import Form


class AmountForm(Form):
    key = Key(default=new_key)
    amount = Tokens(_("Amount in TEO"), validators=[InputRequired(_("Write an amount from 0.01 TEO on."))])
