"""Applications to teach, read and decided."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints import uploads
from lms.blueprints.admin.forms import ReturnApplicationForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.applications import actions as rules
from lms.domain.applications import queries as applications
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("applications", __name__, url_prefix="/applications")


@blueprint.get("/")
def index():
    is_decided = request.args.get("show") == "decided"
    found = (applications.decided if is_decided else applications.waiting)(page_number())
    return render("admin/applications.html", applications=found, is_decided=is_decided, waiting=applications.waiting_count())


@blueprint.get("/<int(max=2147483647):application_id>")
def show(application_id):
    return _page(_application(application_id), ReturnApplicationForm())


@blueprint.post("/<int(max=2147483647):application_id>/approval")
@proven
def approve(application_id):
    application = _application(application_id)
    with transaction():
        rules.approve(application, current_user, request.form.get("edition", ""))
    flash(_("%(name)s is a teacher from now on.", name=application.user.name), "done")
    return redirect(url_for("admin.applications.index"), 303)


@blueprint.post("/<int(max=2147483647):application_id>/return")
@proven
def give_back(application_id):
    application, form = _application(application_id), ReturnApplicationForm()
    if not form.validate_on_submit():
        return _page(application, form), 422
    with transaction():
        rules.give_back(application, current_user, request.form.get("edition", ""), form.reason.data)
    flash(_("The application went back to %(name)s.", name=application.user.name), "done")
    return redirect(url_for("admin.applications.index"), 303)


@blueprint.get("/<int(max=2147483647):application_id>/documents/<int(max=2147483647):file_id>")
def document(application_id, file_id):
    file = applications.document(_application(application_id), file_id)
    if file is None:
        raise NotFound("There is no such document.")
    return uploads.as_attachment(file)


def _page(application, form):
    return render("admin/application.html", application=application, form=form)


def _application(application_id):
    application = applications.application(application_id)
    if application is None:
        raise NotFound("There is no such application.")
    return application
