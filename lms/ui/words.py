"""Translation in templates. A page says some hundred words, so each is looked up and marked as safe once a process."""

from functools import lru_cache

from jinja2 import pass_eval_context
from markupsafe import Markup, escape

from lms.ui.language import language
from lms.ui.movement_words import MOVEMENTS, N_


def init_app(app):
    """Replace the `_` that Flask-Babel installed for templates; it has to be there already."""
    app.jinja_env.globals["_"] = _say
    app.jinja_env.filters["reason"] = reason
    app.jinja_env.filters["given_back"] = given_back


def gettext(text, /, **values):
    """Flask-Babel's, in a tenth of its time; for the filters a page calls on every row."""
    phrase = language().catalogue.ugettext(text)
    return phrase % values if values else phrase


def reason(word):
    """Why TEO moved, from the ledger's word for it; a word we do not know is shown as it is."""
    label, _ = MOVEMENTS.get(word, ("", None))
    return gettext(label) if label else word.capitalize()


def given_back(error):
    """Why a withdrawal was given back, from what its operation says went wrong (None: nothing)."""
    said = (error or "").removeprefix("the contract refuses: ")
    why = next(why for beginning, why in _GIVEN_BACK if said.startswith(beginning)) if said else N_("It did not go out.")
    return gettext(why) + " " + gettext("All of it is available to you again.")


_GIVEN_BACK = (
    ("ReleaseExpired", N_("It could not be brought to the chain within a day, and what you signed ended.")),
    ("NotTheHolder", N_("The signature of your address here was not accepted.")),
    (("TransferToToken", "ERC20InvalidReceiver"), N_("The token takes no transfer to this address. Ask for another one.")),
    ("the member was suspended", N_("Your account was suspended before it went out.")),
    ("the member froze", N_("You froze your wallet before it went out.")),
    ("dropped by an operator", N_("We stopped it before it was on the chain.")),
    ("set aside", N_("It was lost with a part of our records before it went out.")),
    ("", N_("The chain refused it.")),
)


@pass_eval_context
def _say(context, text, /, **values):
    """The text in the language of the page with its %(name)s filled in, escaped where the template is HTML; `%%` is a percent sign."""
    phrase = _phrase(language().catalogue, text)
    if not context.autoescape:
        return str(phrase) % values
    if "%" not in phrase:
        return phrase
    return Markup(str(phrase) % {name: value if isinstance(value, int) else escape(value) for name, value in values.items()})


@lru_cache(8192)
def _phrase(catalogue, text):
    return Markup(catalogue.ugettext(text))
