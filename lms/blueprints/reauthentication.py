"""Decisions, and what ends sign-ins, ask for the password again when it was not given for a while: nothing of what was sent is lost by it."""

from datetime import timedelta
from functools import wraps
from urllib.parse import urlsplit

from flask import current_app, request, session, url_for
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.exceptions import HTTPException
from wtforms import PasswordField
from wtforms.validators import InputRequired

from lms.blueprints import security_log
from lms.blueprints.fields import sentence
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.reauthentication_words import about_to
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import sessions
from lms.errors import DomainError
from lms.ui import render
from lms.ui.preferences import own_path

GUESSES = "10 per hour"
MINUTES = sessions.PROOF_LIFE // timedelta(minutes=1)


class ProofForm(FlaskForm):
    password = PasswordField(_("Your password"), validators=[InputRequired(_("Type your password."))])


def proven(view):
    """A view that decides: it runs once the sign-in is proven, by then with the form that was sent at first."""

    @wraps(view)
    def decide(**arguments):
        if sessions.is_proven(current_user.session_token):
            return view(**arguments)
        form = ProofForm(prefix="proof")
        if "proof-password" not in request.form:
            return _ask(ProofForm(formdata=None, prefix="proof"))
        if not form.validate_on_submit() or not _is_given(form):
            return _ask(form)
        return view(**arguments)

    return decide


@limiter.limit(GUESSES, key_func=logged_in_member)
def _is_given(form):
    try:
        with transaction():
            accounts.confirm_password(current_user, form.password.data)
            token = sessions.prove(current_user.session_token)
    except DomainError as refusal:
        form.password.errors = [sentence(refusal)]
        security_log.refused("password refused", current_user, before=request.endpoint)
        return False
    security_log.happened("password given again", current_user, before=request.endpoint)
    go_on_with(token)
    return True


def go_on_with(token):
    """The sign-in of this browser goes on under its new token."""
    current_user.session_token = session["_user_id"] = token


def _ask(form):
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token" and not name.startswith("proof-")]
    return render("admin/proof.html", form=form, sent=sent, about_to=about_to(), minutes=MINUTES, back=_back()), 422


def _back():
    """Where who leaves it goes: to the page it was sent from, which this one remembers when it asks twice; else to the nearest page above what he was about to do."""
    came_from = request.form.get("proof-back") or _sent_from()
    if own_path(came_from) == came_from and _is_page(came_from):
        return came_from
    above = request.path
    while above and not _is_page(above):
        above = above.rpartition("/")[0]
    return f"{above}?{request.query_string.decode()}".rstrip("?") if above else url_for("admin.index")


def _sent_from():
    """The path of the page of ours with the form, as the browser says it; nothing where it does not."""
    sent_from = urlsplit(request.referrer or "")
    return sent_from._replace(scheme="", netloc="", fragment="").geturl() if sent_from.netloc == request.host else ""


def _is_page(address):
    """Whether there is one: what was answered to a form stands at an address that cannot be asked for."""
    try:
        current_app.url_map.bind(request.host).match(urlsplit(address).path, method="GET")
    except HTTPException:
        return False
    return True
