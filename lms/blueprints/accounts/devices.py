"""The random id by which a browser is known when it signs in: it says nothing of who sits there, and no page asks for it."""

import re

from flask import current_app, request, url_for

from lms.domain.accounts import device_sightings
from lms.session_cookie import called

NAME = "device"
_ID = re.compile(r"[A-Za-z0-9_-]{32}")  # as sightings makes it: what a client says instead is no id of ours


def of_browser():
    """The id that it brings, or a new one."""
    brought = request.cookies.get(called(NAME, _secure()), "")
    return brought if _ID.fullmatch(brought) else device_sightings.new_device()


def keep(response, device):
    """Answers the response, by which the browser keeps the id as long as we keep its hash; each sign-in begins that time anew.

    It sends it where one signs in, and nowhere else; over https it sends it everywhere, as a name that no other host can give belongs to all of the site."""
    secure = _secure()
    place = "/" if secure else url_for("accounts.log_in")
    response.set_cookie(called(NAME, secure), device, max_age=int(device_sightings.KEPT.total_seconds()), path=place, samesite="Lax", httponly=True, secure=secure)
    return response


def _secure():
    return current_app.config["SESSION_COOKIE_SECURE"]
