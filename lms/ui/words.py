"""Translation in templates. A page says some hundred words, so each is looked up and marked as safe once a process."""

from functools import lru_cache

from jinja2 import pass_eval_context
from markupsafe import Markup, escape

from lms.ui.language import language


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
    match word:
        case "purchase":
            return gettext("Purchase reward")
        case "lesson":
            return gettext("Lesson completed")
        case "completion":
            return gettext("Course finished")
        case "matured":
            return gettext("Now available")
        case "grant":
            return gettext("Grant")
        case "recovered":
            return gettext("Taken over from the chain")
        case "repaid":
            return gettext("Owed from before, repaid")
        case "stolen":
            return gettext("Stolen from your address")
        case "replaced":
            return gettext("Replaced by the platform")
        case "staked":
            return gettext("Staked")
        case "unstaked":
            return gettext("Asked out of the stake")
        case "stake released":
            return gettext("Stake released")
        case "order placed":
            return gettext("Set aside for an order")
        case "order closed":
            return gettext("Back from an order")
        case "discount":
            return gettext("Discount on an order")
        case "sale":
            return gettext("TEO of a sale")
        case "sale bonus":
            return gettext("Bonus of a sale")
        case "refund":
            return gettext("Refund of an order")
        case "charge back":
            return gettext("Order charged back")
        case "decided anew":
            return gettext("Decided anew")
        case "deposit":
            return gettext("Deposit")
        case "withdrawal requested":
            return gettext("Withdrawal requested")
        case "withdrawal on its way":
            return gettext("Withdrawal on its way")
        case "withdrawal sent":
            return gettext("Withdrawal sent")
        case "withdrawal cancelled":
            return gettext("Withdrawal cancelled")
        case "withdrawal rejected":
            return gettext("Withdrawal rejected")
        case "withdrawal given back":
            return gettext("Withdrawal given back")
        case "payout requested":
            return gettext("Payout requested")
        case "payout given back":
            return gettext("Payout given back")
        case "payout paid":
            return gettext("Payout to your bank")
    return word.capitalize()


def given_back(error):
    """Why a withdrawal was given back, from what its operation says went wrong (None: nothing)."""
    said = (error or "").removeprefix("the contract refuses: ")
    if said.startswith("ReleaseExpired"):
        why = gettext("It could not be brought to the chain within a day, and what you signed ended.")
    elif said.startswith("NotTheHolder"):
        why = gettext("The signature of your address here was not accepted.")
    elif said.startswith(("TransferToToken", "ERC20InvalidReceiver")):
        why = gettext("The token takes no transfer to this address. Ask for another one.")
    elif said.startswith("the member was suspended"):
        why = gettext("Your account was suspended before it went out.")
    elif said.startswith("the member froze"):
        why = gettext("You froze your wallet before it went out.")
    elif said.startswith("dropped by an operator"):
        why = gettext("We stopped it before it was on the chain.")
    elif said.startswith("set aside"):
        why = gettext("It was lost with a part of our records before it went out.")
    elif said:
        why = gettext("The chain refused it.")
    else:
        why = gettext("It did not go out.")
    return why + " " + gettext("All of it is available to you again.")


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
