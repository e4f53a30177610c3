"""One handler turns every refusal into what the asker reads: JSON, a fragment for htmx, or a page."""

import logging
from contextlib import suppress
from functools import wraps
from urllib.parse import urlsplit

from flask import flash, g, jsonify, redirect, render_template, request
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from psycopg import OperationalError as ConnectionFailed
from sqlalchemy.exc import OperationalError, SQLAlchemyError, TimeoutError
from werkzeug.exceptions import HTTPException

from lms import access_log, logs
from lms.db import db
from lms.errors import DomainError

log = logging.getLogger(__name__)

_BACK_TO_THE_FORM = (403, 409, 422)
_RESTING = (OperationalError, TimeoutError, ConnectionFailed)  # the database does not answer, or has no connection left
_HEARD_OUT, _AT_ONCE = 32 * 1024 * 1024, 64 * 1024  # bytes


def init_app(app):
    handlers = {DomainError: _domain, CSRFError: _forged, RateLimitExceeded: _too_often, HTTPException: _http, Exception: _broken}
    for kind, handler in handlers.items():
        app.register_error_handler(kind, _also_without_the_database(handler))


def _also_without_the_database(handler):
    """A refusal is said in the language of who asks, under his name: when the database can say neither, it is said to anybody."""

    @wraps(handler)
    def handle(error):
        try:
            return handler(error)
        except SQLAlchemyError as broken:
            log.warning("refused without the database", extra={"path": access_log.path(), "error": type(broken).__name__})
            db.session.rollback()
            g.viewer = g.member = None
            g.pop("_login_user", None)
            return _refuse(503, _sentence(503))

    return handle


def _domain(error):
    db.session.rollback()
    return _refuse(error.status, gettext(error.message, **error.values))


def _forged(error):
    return _refuse(400, gettext("The form has expired. Load the page again and send it once more."))


def _http(error):
    if error.code < 400:
        return error
    if error.code == 413:
        _hear_out()
    return _refuse(error.code, _sentence(error.code))


def _hear_out():
    """A connection that is closed on who still sends is lost with the answer on it. What does not end is cut off all the same."""
    rest = request.environ["wsgi.input"]
    with suppress(Exception):  # he is gone, in the middle of whatever gunicorn was reading
        for _ in range(_HEARD_OUT // _AT_ONCE):
            if not rest.read(_AT_ONCE):
                break


def _too_often(error):
    minutes = -(-error.limit.limit.get_expiry() // 60)
    return _refuse(429, gettext("Too many tries. Nothing was done: wait %(count)s min, then try again.", count=minutes))


def _broken(error):
    db.session.rollback()
    log.exception("request failed", extra={"path": access_log.path()})
    status = 503 if isinstance(error, _RESTING) else 500
    return _refuse(status, _sentence(status))


def _sentence(code):
    return {
        400: gettext("Your browser sent something we could not read."),
        403: gettext("This page is not open to you."),
        404: gettext("There is nothing at this address."),
        405: gettext("This address cannot be used like that."),
        413: gettext("That is too big to send. The most is 1 MB."),
        429: gettext("That was a little too often. Wait a minute, then try again."),
        500: gettext("Something broke on our side. Nothing you did was lost."),
        503: gettext("A part of the platform is resting. It will be back by itself."),
    }.get(code, gettext("That is not possible as things stand."))


def _refuse(status, message):
    if request.accept_mimetypes.best == "application/json" or request.is_json:
        return jsonify(error=message), status
    if request.headers.get("HX-Request-Type") == "partial":
        return render_template("errors/notice.html", message=message), status
    if request.method == "POST" and status in _BACK_TO_THE_FORM and _came_from_here():
        flash(message, "refused")
        return redirect(request.referrer, 303)
    return render_template("errors/page.html", status=status, message=message, request_id=logs.request_id.get()), status


def _came_from_here():
    """Whether the form sent stands on a page of ours, to which its reader can be brought back."""
    referrer = urlsplit(request.referrer or "")
    return referrer.netloc == request.host and referrer.path != request.path
