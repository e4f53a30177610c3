"""Translation in templates. A page says some two hundred words, so each is looked up and marked as safe once a process."""

from functools import lru_cache

from flask import g
from flask_babel import get_translations
from jinja2 import pass_eval_context
from markupsafe import Markup


def init_app(app):
    """Replace the `_` that Flask-Babel installed for templates; it has to be there already."""
    app.jinja_env.globals["_"] = _say


@pass_eval_context
def _say(context, text, /, **values):
    """The text in the language of the page with its %(name)s filled in, escaped where the template is HTML; `%%` is a percent sign."""
    phrase = _phrase(_catalogue(), text)
    if not context.autoescape:
        phrase = str(phrase)
    return phrase % values if "%" in phrase else phrase


@lru_cache(8192)
def _phrase(catalogue, text):
    return Markup(catalogue.ugettext(text))


def _catalogue():
    """Kept where Flask-Babel forgets it when the language changes."""
    context = g.get("_flask_babel")
    found = getattr(context, "babel_translations", None)
    if found is None:
        found = get_translations()
        g._flask_babel.babel_translations = found
    return found
