"""Decisions ask for the password again when it was not given for a while: nothing of what was sent is lost by it."""

from functools import wraps

from flask import request
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired

from lms.blueprints.fields import sentence
from lms.blueprints.limits import limiter, logged_in_member
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import sessions
from lms.errors import DomainError
from lms.ui import render

GUESSES = "10 per hour"


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
            sessions.prove(current_user.session_token)
    except DomainError as refusal:
        form.password.errors = [sentence(refusal)]
        return False
    return True


def _ask(form):
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token" and not name.startswith("proof-")]
    return render("admin/proof.html", form=form, sent=sent), 422
