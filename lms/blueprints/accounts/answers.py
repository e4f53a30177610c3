"""The blueprint of the accounts, and what its pages answer alike."""

from flask import Blueprint, current_app, redirect, request, session, url_for
from flask_login import current_user

from lms.domain.accounts import mailed_links
from lms.domain.notices import actions as notices
from lms.ui import render

blueprint = Blueprint("accounts", __name__)


def form_page(template, **context):
    return render(template, **context), 422 if request.method == "POST" else 200


def member_of(purpose, token):
    return mailed_links.read(current_app.config["SECRET_KEY"], purpose, token)


def link_page(user, title, button):
    return render("accounts/link.html", user=user, title=title, button=button)


def look_into_mailbox(address):
    session["address"] = address
    return redirect(url_for("accounts.mailbox"), 303)


def to_log_in(user):
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"), 303)
    session["address"] = user.email
    return redirect(url_for("accounts.log_in"), 303)


def tell_of_new_password(user):
    """In the transaction that changed it."""
    at = user.password_changed_at.isoformat()
    notices.tell(user.id, "password changed", at, at=at)
