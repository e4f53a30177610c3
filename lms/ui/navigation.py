"""The way through the site: one table, of which each member sees what is theirs."""

from typing import NamedTuple

from flask import current_app, request
from flask_babel import lazy_gettext as _
from flask_login import current_user


class Entry(NamedTuple):
    endpoint: str
    label: str
    icon: str
    role: str


PUBLIC, MEMBER, TEACHER, ADMIN = "public", "member", "teacher", "admin"

ENTRIES = (
    Entry("courses.index", _("Courses"), "compass", PUBLIC),
    Entry("learning.index", _("My courses"), "book-2", MEMBER),
    Entry("wallet.show", _("Wallet"), "wallet", MEMBER),
    Entry("teaching.index", _("Teach"), "chalkboard-teacher", TEACHER),
    Entry("admin.index", _("Admin"), "shield-check", ADMIN),
)


def context():
    return {"navigation": [entry for entry in ENTRIES if _open_to_member(entry)], "here": _here, "page_exists": _page_exists}


def _open_to_member(entry):
    return _page_exists(entry.endpoint) and {
        PUBLIC: True,
        MEMBER: current_user.is_authenticated,
        TEACHER: getattr(current_user, "is_teacher", False),
        ADMIN: getattr(current_user, "is_admin", False),
    }[entry.role]


def _page_exists(endpoint):
    return endpoint in current_app.view_functions


def _here(endpoint):
    """Whether the page shown belongs to the same noun as the entry."""
    return request.endpoint is not None and request.endpoint.split(".")[0] == endpoint.split(".")[0]
