"""Translation in templates: the catalogue is looked up once a page, not once a word."""

from flask import g
from flask_babel import get_translations


def init_app(app):
    """Replace what Flask-Babel installed for templates; it has to be there already."""
    app.jinja_env.install_gettext_callables(
        gettext=lambda text: _catalogue().ugettext(text),
        ngettext=lambda one, many, count: _catalogue().ungettext(one, many, count),
        pgettext=lambda context, text: _catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, count: _catalogue().unpgettext(context, one, many, count),
        newstyle=True,
    )


def _catalogue():
    """Kept where Flask-Babel forgets it when the language changes."""
    context = g.get("_flask_babel")
    found = getattr(context, "babel_translations", None)
    if found is None:
        found = get_translations()
        g._flask_babel.babel_translations = found
    return found
