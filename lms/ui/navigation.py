"""The way through the site: one table, of which each member sees what is theirs."""

from typing import NamedTuple

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _
from flask_login import current_user


class Entry(NamedTuple):
    endpoint: str
    label: str
    icon: str
    role: str


PUBLIC, MEMBER, STUDENT, TEACHER, ADMIN = "public", "member", "student", "teacher", "admin"

ENTRIES = (
    Entry("courses.index", _("Courses"), "compass", PUBLIC),
    Entry("learning.index", _("My courses"), "book-2", MEMBER),
    Entry("wallet.show", _("Wallet"), "wallet", MEMBER),
    Entry("applications.show", _("Teach"), "chalkboard-teacher", STUDENT),
    Entry("teaching.index", _("Teach"), "chalkboard-teacher", TEACHER),
    Entry("admin.index", _("Admin"), "shield-check", ADMIN),
)

_DESKS = ("learning.index", "wallet.show", "teaching.index", "admin.index")


def init_app(app):
    app.jinja_env.globals |= {"navigation": navigation, "here": _here, "page_exists": _page_exists, "page_to_come_back_to": _page_to_come_back_to}


def navigation():
    """The entries that are open to whom the page is for."""
    return [entry for entry in ENTRIES if _page_exists(entry.endpoint) and _open_to_member(entry)]


def _open_to_member(entry):
    return {
        PUBLIC: True,
        MEMBER: current_user.is_authenticated,
        STUDENT: getattr(current_user, "is_student", False),
        TEACHER: getattr(current_user, "is_teacher", False),
        ADMIN: getattr(current_user, "is_admin", False),
    }[entry.role]


def _page_exists(endpoint):
    return endpoint in current_app.view_functions


def _page_to_come_back_to():
    """The address that log-in and sign-up lead back to: this page, or the one they were asked for from; None for no page in particular."""
    if request.blueprint == "accounts":
        return request.args.get("next")
    return request.full_path.rstrip("?") if request.method == "GET" and request.blueprint not in (None, "pages") else None


def _here(endpoint):
    """Whether the page shown belongs to the same noun as the entry, or stands below it at a desk of several nouns."""
    if request.endpoint is None:
        return False
    return request.endpoint.split(".")[0] == endpoint.split(".")[0] or (endpoint in _DESKS and request.path.startswith(url_for(endpoint)))
