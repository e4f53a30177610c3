"""The switches for theme and language at the foot of each page."""

from flask import Blueprint, redirect, request
from flask_login import current_user

from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.ui.preferences import LANGUAGES, keep, own_path

blueprint = Blueprint("preferences", __name__)


@blueprint.post("/preferences")
def save():
    response = keep(redirect(own_path(request.form.get("next", "")), 303))
    if current_user.is_authenticated and request.form.get("language") in LANGUAGES:
        with transaction():
            accounts.change_locale(current_user, request.form["language"])
    return response
