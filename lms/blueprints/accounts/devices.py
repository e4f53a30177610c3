"""The random id by which a browser is known when it signs in: it says nothing of who sits there, and no page asks for it."""

import re

from flask import current_app, request

from lms.domain.accounts import sightings

NAME = "device"
_ID = re.compile(r"[\w-]{32}")  # as sightings makes it: what a client says instead is no id of ours


def of_browser():
    """The id that it brings, or a new one."""
    brought = request.cookies.get(NAME, "")
    return brought if _ID.fullmatch(brought) else sightings.new_device()


def keep(response, device):
    """Answers the response, by which the browser keeps the id as long as we keep its hash; each sign-in begins that time anew."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(NAME, device, max_age=int(sightings.KEPT.total_seconds()), samesite="Lax", httponly=True, secure=secure)
    return response
