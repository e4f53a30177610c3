"""One line a request: what was asked, by whom, and what became of it. No query string, no secret of a link."""

import logging
import time

from flask import g, request

from lms import logs

log = logging.getLogger("lms.request")

_SECRET_PARTS = ("token", "key", "secret", "signature")


def init_app(app):
    app.before_request(_begin)
    app.after_request(_end)


def path():
    """The path as it may be logged: the secret of a link in it is hidden."""
    shown = request.path
    for name, value in (request.view_args or {}).items():
        if name in _SECRET_PARTS:
            shown = shown.replace(str(value), logs.HIDDEN)
    return shown


def _begin():
    logs.new_request_id()
    g.begun = time.perf_counter()


def _end(response):
    log.info(
        "request",
        extra={
            "method": request.method,
            "path": path(),
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.begun) * 1000, 1),
            "user": _user_id(),
        },
    )
    response.headers["X-Request-Id"] = logs.request_id.get()
    return response


def _user_id():
    """Of the member the request loaded; logging loads nobody."""
    member = g.get("_login_user")
    return getattr(member, "id", None)
