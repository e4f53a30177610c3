"""Theme and language of this browser, kept in cookies so that the server renders them and nothing flashes.

A member's language is kept with the member: mail and pushed fragments are written in it too."""

from flask import current_app, request

from lms.session_cookie import called
from lms.ui.language import language

LANGUAGES = {"en": "English", "it": "Italiano"}
THEMES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


def init_app(app):
    app.context_processor(_context)


def chosen_language():
    """The language this browser asked for by the switch, or None."""
    return _chosen("language", LANGUAGES)


def chosen_theme():
    """`light` or `dark`; None follows the system."""
    return _chosen("theme", THEMES[1:])


def keep(response):
    """The response with a cookie for each switch that was set to what there is."""
    for name, allowed in (("theme", THEMES), ("language", LANGUAGES)):
        if request.form.get(name) in allowed:
            response.set_cookie(_cookie(name), request.form[name], max_age=_YEAR, **_out_of_reach())
    return response


def forget_language(response):
    """The response after which the switch overrules nothing: the member's own language holds."""
    response.delete_cookie(_cookie("language"), **_out_of_reach())
    return response


def _context():
    return {"theme": chosen_theme(), "languages": LANGUAGES, "locale": language().code}


def _chosen(name, allowed):
    value = request.cookies.get(_cookie(name))
    return value if value in allowed else None


def _cookie(name):
    return called(name, current_app.config["SESSION_COOKIE_SECURE"])


def _out_of_reach():
    """Of scripts and of other sites."""
    return dict(samesite="Lax", httponly=True, secure=current_app.config["SESSION_COOKIE_SECURE"])


def own_path(address):
    """A path of ours, whatever was sent: no switch and no log-in leads anybody to another site."""
    ours = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if ours else "/"
