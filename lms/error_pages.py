"""One handler turns every refusal into what the asker reads: JSON, a fragment for htmx, or a page."""

import logging
from contextlib import suppress
from functools import wraps
from inspect import unwrap
from urllib.parse import urlsplit

from flask import current_app, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_login import login_url
from flask_wtf.csrf import CSRFError
from psycopg import OperationalError as ConnectionFailed
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from werkzeug.exceptions import HTTPException

from lms import access_log, logs
from lms.db import db
from lms.errors import DomainError

log = logging.getLogger(__name__)

_BACK_TO_THE_FORM = (403, 409, 422)
_LOG_IN = "accounts.log_in"
_NOT_GIVEN_BACK = ("csrf_token", "password", "current")  # in the names of fields
_RESTING = (OperationalError, NoConnectionLeft, ConnectionFailed)  # the database does not answer, or has no connection left
_HEARD_OUT, _AT_ONCE = 32 * 1024 * 1024, 64 * 1024  # bytes


def init_app(app):
    handlers = {DomainError: _domain, CSRFError: _forged, RateLimitExceeded: _too_often, HTTPException: _http, Exception: _broken}
    for kind, handler in handlers.items():
        app.register_error_handler(kind, _also_without_the_database(handler))
    app.login_manager.unauthorized_handler(_stranger)


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
    message = gettext(error.message, **error.values)
    return _by_its_form(error.status, message) or _refuse(error.status, message, way_on=error.way_on)


def _by_its_form(status, message):
    """The page of the form that was sent (blueprints/forms.py) with the sentence in it; None where there is none to show it."""
    if status not in _BACK_TO_THE_FORM or _wants_json() or _asked_for_a_part() or not g.pop("form_was_sent", False):
        return None
    g.refusal = message
    view = unwrap(current_app.view_functions[request.endpoint])  # who asks was let in before, and is counted once
    try:
        answer = make_response(view(**request.view_args))
    except DomainError:
        db.session.rollback()
        return None
    answer.status_code = status
    return None if g.pop("refusal", None) else answer


def _forged(error):
    """Nothing is done without a valid token. Who sent the form from a page of ours gets back what he typed, to send it himself;
    a form of another site is never made ready to be sent here."""
    log.warning("form without its token", extra={"path": access_log.path(), "came_from_us": _came_from_us()})
    if _came_from_us():
        return _give_back(400)
    return _refuse(400, gettext("The form has expired. Load the page again and send it once more."))


def _stranger():
    """Who must sign in first keeps what he typed; whose page only asked for a part of it is led to the log-in by the whole page."""
    if request.method == "POST" and _came_from_us():
        return _give_back(401)
    if _asked_for_a_part():
        return "", 401, {"HX-Redirect": login_url(_LOG_IN, request.headers.get("HX-Current-URL", "/"))}
    return redirect(login_url(_LOG_IN, request.url))


def _give_back(status):
    """No page holds a password, and the token is what was wrong."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if not any(word in name for word in _NOT_GIVEN_BACK)]
    return _refuse(status, gettext("The form has expired, and nothing was done."), typed)


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
    log.warning("too many tries", extra={"path": access_log.path(), "limit": str(error.limit.limit)})
    minutes = -(-error.limit.limit.get_expiry() // 60)
    return _refuse(429, gettext("Too many tries. Nothing was done: wait %(count)s min, then try again.", count=minutes))


def _broken(error):
    db.session.rollback()
    log.exception("request failed", extra={"path": access_log.path()})  # noqa: LOG004 - Flask calls this where it caught the error
    status = 503 if isinstance(error, _RESTING) else 500
    return _refuse(status, _sentence(status))


def _sentence(code):
    return {
        400: gettext("Your browser sent something we could not read."),
        403: gettext("This page is not open to you."),
        404: gettext("There is nothing at this address."),
        405: gettext("This address cannot be used like that."),
        413: gettext("That is too big to send. The most is %(count)d MB.", count=request.max_content_length // 1024**2),
        429: gettext("That was a little too often. Wait a minute, then try again."),
        500: gettext("Something broke on our side. Nothing you did was lost."),
        503: gettext("A part of the platform is resting. It will be back by itself."),
    }.get(code, gettext("That is not possible as things stand."))


def _refuse(status, message, typed=None, way_on=None):
    """`typed`: what was sent and is given back, [(name, value)]. `way_on`: (endpoint, words) of the page that helps."""
    if _wants_json():
        return jsonify(error=message), status
    if _asked_for_a_part():
        return render_template("errors/notice.html", message=message, typed=typed), status, _place_in_the_page()
    if request.method == "POST" and status in _BACK_TO_THE_FORM and _came_from_another_page_of_ours():
        flash(message, "refused")
        return redirect(request.referrer, 303)
    button = dict(button_href=url_for(way_on[0]), button_label=way_on[1]) if way_on else {}
    return render_template("errors/page.html", status=status, message=message, typed=typed, request_id=logs.request_id.get(), **button), status


def _wants_json():
    return request.accept_mimetypes.best == "application/json" or request.is_json


def _asked_for_a_part():
    """Whether htmx puts the answer into the page that stands; what takes the place of its whole body must be a page."""
    return "HX-Request" in request.headers and request.headers.get("HX-Target") != "body"


def _place_in_the_page():
    """Headers for htmx: the sentence stands where the answer was to stand, in a place that stays for the next one.

    Where only a selected part of the answer was to be taken, the page keeps it, and the sentence stands above. The address stays."""
    if request.headers.get("HX-Request-Type") == "full":
        return {"HX-Replace-Url": "false", "HX-Retarget": "#refusal", "HX-Reselect": "#error", "HX-Reswap": "innerHTML show:top"}
    return {"HX-Replace-Url": "false", "HX-Reswap": "innerHTML"}


def _came_from_us():
    return urlsplit(request.referrer or "").netloc == request.host


def _came_from_another_page_of_ours():
    """Whether the form sent stands on a page of ours, to which its reader can be brought back."""
    return _came_from_us() and urlsplit(request.referrer).path != request.path
