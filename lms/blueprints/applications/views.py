"""How a student becomes a teacher: what it brings, the application, and where it stands."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms.blueprints import uploads
from lms.blueprints.applications.forms import ApplicationForm
from lms.blueprints.forms import status_of
from lms.blueprints.limits import limiter, logged_in_member
from lms.db import transaction
from lms.domain.applications import actions as rules
from lms.domain.applications import queries as applications
from lms.domain.files.upload_limits import LARGEST
from lms.domain.rulebook import queries as rulebook
from lms.errors import Forbidden, NotFound
from lms.ui import render

blueprint = Blueprint("applications", __name__, url_prefix="/teach/apply")

LARGEST_REQUEST = rules.MOST_DOCUMENTS * LARGEST + 1024 * 1024  # bytes


@blueprint.url_value_preprocessor
def take_documents(endpoint, values):
    """Before anything reads the form. Who is not logged in sends no documents."""
    if request.method == "POST" and endpoint in ("applications.create", "applications.change") and current_user.is_authenticated:
        request.max_content_length = LARGEST_REQUEST


@blueprint.get("/")
@login_required
def show():
    if current_user.is_teacher:
        return redirect(url_for("teaching.index"))
    if current_user.is_admin:
        raise Forbidden("Only students apply to become teachers.")
    application = applications.newest_of(current_user.id)
    if application and application.is_open:
        return render("applications/show.html", application=application)
    return _form(ApplicationForm())


@blueprint.post("/")
@login_required
@limiter.limit("30 per hour", key_func=logged_in_member)
def create():
    known = applications.newest_of(current_user.id)
    if known and known.is_open:  # by the same form, sent twice, or by another window
        flash(_("You have applied already. You can change your application or take it back."), "refused")
        return redirect(url_for("applications.show"), 303)
    form = ApplicationForm()
    if not form.validate_on_submit():
        return _form(form), 422
    with uploads.stored(form.contents) as documents, transaction():
        rules.apply(current_user, **form.facts, documents=documents)
    flash(_("Your application is with the admins. You see here what they decide."), "done")
    return redirect(url_for("applications.show"), 303)


@blueprint.route("/change", methods=["GET", "POST"])
@login_required
@limiter.limit("30 per hour", key_func=logged_in_member, methods=["POST"])
def change():
    application = _application()
    form = ApplicationForm(application)
    if not form.validate_on_submit():
        return render("applications/change.html", application=application, form=form), status_of(form)
    with uploads.stored(form.contents) as documents, transaction():
        emptied = rules.change(application, **form.facts, documents=documents, removed=form.removed.data)
    uploads.empty(emptied)
    flash(_("Your application is sent as it stands now."), "done")
    return redirect(url_for("applications.show"), 303)


@blueprint.post("/withdrawal")
@login_required
def take_back():
    with transaction():
        emptied = rules.take_back(_application())
    uploads.empty(emptied)
    flash(_("Your application is taken back, and its documents are deleted."), "done")
    return redirect(url_for("applications.show"), 303)


@blueprint.get("/documents/<int(max=2147483647):file_id>")
@login_required
def document(file_id):
    file = applications.document(_application(), file_id)
    if file is None:
        raise NotFound("There is no such document of yours.")
    return uploads.as_attachment(file)


def _application():
    """The member's open application."""
    application = applications.newest_of(current_user.id)
    if application is None or not application.is_open:
        raise NotFound("You have no open application.")
    return application


def _form(form):
    return render("applications/apply.html", form=form, rules=rulebook.in_force())
