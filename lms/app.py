"""The application: config, extensions, blueprints."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module

from flask import Flask, abort, current_app, g, has_request_context, request
from flask_babel import Babel
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from lms import access_log, blueprints, clock, config, error_pages, logs, seller, ui
from lms.blueprints.limits import limiter
from lms.db import db, transaction
from lms.domain import tables  # noqa: F401  (relationships name tables of every noun)
from lms.domain.accounts import queries as accounts
from lms.domain.accounts import sessions
from lms.gateways import payment_site
from lms.queue import queue
from lms.session_cookie import Sessions, called

log = logging.getLogger(__name__)

CSP = (
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
# No view sets one of these, but for a policy that is narrower still: a browser holds to both.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
ASKED_BY_PAGES = {"live.stream", "admin.payouts.company"}  # by themselves, while nobody need sit there
LARGEST_REQUEST = 1024 * 1024  # bytes
# Whoever is gone without a word is missed by the other within half a minute: we wait for no lost server, and no lost machine keeps its locks, those that
# `alone` takes included. Who hangs in a transaction loses it after five minutes, longer than any job may take.
_PULSE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
_CONNECTIONS = {"pool_timeout": 5, "connect_args": {"connect_timeout": 3, "tcp_user_timeout": 30_000, **_PULSE}, "hide_parameters": True, "skip_autocommit_rollback": True}
_SERVER_SETTINGS = {"timezone": "UTC", "idle_in_transaction_session_timeout": "300s"} | {f"tcp_{name}": value for name, value in _PULSE.items()}
# A statement of a page that takes longer, as it waits for a lock, is a page that nobody waits for any more. Jobs have their time as a whole.
_LONGEST_STATEMENT = "30s"


def create_app(role: str, environ: Mapping[str, str] | None = None) -> Flask:
    """The app of a process: `web`, `worker` or `cli`. Refuses to start (ConfigError) with a missing or foreign setting.

    `environ` stands for the environment where one process makes several apps."""
    settings = config.read(role, environ)
    app = _App("lms")
    app.config.update(settings, ROLE=role, **_flask_settings(role, settings))
    logs.init(settings["LOG_LEVEL"], hide=config.sensitive(settings))
    access_log.init_app(app)
    clock.use_file(settings["CLOCK_FILE"])
    seller.use(settings["SELLER_NAME"], settings["SELLER_ADDRESS"], settings["SELLER_TAX_ID"])
    db.init_app(app)
    queue.init_app(app)
    queue.carry(lambda: {"request_id": logs.request_id.get()})
    _CSRFProtect(app)
    limiter.init_app(app)
    Babel(app, locale_selector=_locale, timezone_selector=_time_zone)
    _login(app)
    ui.init_app(app)
    blueprints.register(app)
    if role == "cli":  # what the commands import takes a second, and some of it holds keys
        import_module("lms.cli").register(app)
    _requests(app)
    error_pages.init_app(app)
    _believe_proxies(app, settings.get("PROXY_COUNT", 0))
    return app


class _CSRFProtect(CSRFProtect):
    def protect(self, apply_exemptions=False):
        """What only reads is let through before its exemptions are looked for."""
        if request.method in current_app.config["WTF_CSRF_METHODS"]:
            super().protect(apply_exemptions)


class _App(Flask):
    session_interface = Sessions()

    def ensure_sync(self, func):
        """No view or hook is a coroutine: looking at each of them anew took a twentieth of a short request."""
        return func


def _believe_proxies(app, count):
    """Take the visitor's address and scheme from as many proxies as are ours; without one the headers are anybody's word."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)


def _flask_settings(role, settings):
    secure, connections = settings["ENVIRONMENT"] == "production", _connections(role)
    return {
        "SQLALCHEMY_DATABASE_URI": settings["DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 10, "max_overflow": 10, **connections},
        # Connections for one statement that only reads: to begin and end a transaction around it takes as long as itself.
        # All that are opened are kept: an overflowing one would be made anew for each statement.
        # Nothing is left to roll back on them.
        "SQLALCHEMY_BINDS": {
            "reading": {
                "url": settings["DATABASE_URL"],
                "isolation_level": "AUTOCOMMIT",
                "pool_size": 20,
                "max_overflow": 0,
                **connections,
                "pool_reset_on_return": None,
            }
        },
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": LARGEST_REQUEST,
        "SESSION_COOKIE_NAME": called("session", secure),
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "RATELIMIT_STORAGE_URI": settings["REDIS_URL"],
        "RATELIMIT_STORAGE_OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.3},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_HEADERS_ENABLED": False,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
        "PROPAGATE_EXCEPTIONS": None,
    }


def _connections(role):
    """How an engine reaches PostgreSQL, and what it asks of it."""
    asked = _SERVER_SETTINGS | ({"statement_timeout": _LONGEST_STATEMENT} if role == "web" else {})
    options = " ".join(f"-c {name}={value}" for name, value in asked.items())
    return _CONNECTIONS | {"connect_args": _CONNECTIONS["connect_args"] | {"options": options}}


def _login(app):
    login = LoginManager(app)
    app.after_request_funcs[None].pop()  # it looks for a cookie that remembers a log-in, which nobody sets
    login.session_protection = None
    login.user_loader(_member)


def _member(token):
    """Whom the session's token signs in; a view that has read the member together with its page leaves him in `g.member`."""
    return g.member if "member" in g else accounts.of_session(token)


def _locale():
    viewer = _viewer()
    if viewer:
        return viewer.locale
    if not has_request_context():
        return "en"  # a command
    return ui.preferences.chosen_language() or request.accept_languages.best_match(ui.preferences.LANGUAGES) or "en"


def _time_zone():
    viewer = _viewer()
    return viewer.time_zone if viewer else "UTC"


def _viewer():
    """Whom the page is for: the member logged in, or the one a fragment is pushed to."""
    if "viewer" in g:
        return g.viewer
    return current_user if has_request_context() and current_user.is_authenticated else None


def _requests(app):
    headers = HEADERS | {"Content-Security-Policy": _policy(app.config)} | (HTTPS_HEADERS if app.config["SESSION_COOKIE_SECURE"] else {})

    @app.before_request
    def begin():
        if "\x00" in request.path:  # no name of ours holds it, and PostgreSQL refuses to look for one
            abort(404)

    @app.after_request
    def secure(response):
        response.headers.extend(headers)
        if "Cache-Control" not in response.headers and current_user.is_authenticated:
            response.headers["Cache-Control"] = ui.PRIVATE
        _keep_sign_in(g.get("_login_user"))
        return response


def _keep_sign_in(member):
    """Whom the request loaded keeps the sign-in that he uses; a page that asks by itself does not. It is no reason to refuse what he asked for."""
    if member is None or not member.is_authenticated or request.endpoint in ASKED_BY_PAGES or not sessions.is_to_be_kept(member):
        return
    try:
        with transaction():
            sessions.keep(member)
    except SQLAlchemyError as error:
        log.warning("sign-in not kept", extra={"error": type(error).__name__})


def _policy(settings):
    """A browser holds where the answer to a form leads to the rule for forms: without the payment page in it nobody could pay."""
    return "; ".join((*CSP, f"form-action 'self' {payment_site(settings)}".strip()))
