"""Bulk enrolment by a CSV: first what each line would come to, with nothing written, then the same done."""

from collections import Counter

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer

from lms.blueprints.admin.forms import EnrolmentForm
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.courses import queries as courses
from lms.domain.learning import bulk_enrolment
from lms.errors import Invalid
from lms.ui import render

blueprint = Blueprint("enrolments", __name__, url_prefix="/enrolments")  # of admins only, as the blueprint it stands in

SUGGESTED = 50  # courses offered where one types
LASTS = 3600  # seconds a check is worth something: sent once more after months, it would enrol again whose money went back since


@blueprint.url_value_preprocessor
def take_file(endpoint, values):
    """Before anything reads the form: a list that is somewhat too large is answered in its form."""
    if request.method == "POST" and current_user.is_authenticated and current_user.is_admin:
        request.max_content_length = 2 * bulk_enrolment.LARGEST


@blueprint.get("")
def index():
    return _page(EnrolmentForm(formdata=None))


@blueprint.post("/dry-run")
def dry_run():
    form = EnrolmentForm()
    if not form.validate_on_submit():
        return _page(form), 422
    verdicts = bulk_enrolment.judge(form.chosen, form.lines)
    new = [verdict.member.email for verdict in verdicts if verdict.outcome == "new"]
    judged = _signer().dumps([current_user.id, form.chosen.id, form.sha256, new])
    counts = Counter(verdict.outcome for verdict in verdicts)
    return render("admin/enrolment.html", course=form.chosen, verdicts=verdicts, counts=counts, outcomes=bulk_enrolment.OUTCOMES, judged=judged)


@blueprint.post("")
@proven
def create():
    """Of those the dry run said will be enrolled, whoever still can be: they are judged anew."""
    course, lines, sha256 = _judged(request.form.get("judged", ""))
    with transaction():
        count = bulk_enrolment.enroll_all(course, lines, current_user, sha256)
    if count:
        flash(ngettext("%(num)s member is enrolled in %(title)s.", "%(num)s members are enrolled in %(title)s.", count, title=course.title), "done")
    else:
        flash(_("Nobody was enrolled: all of them are already, or cannot be any more."), "done")
    return redirect(url_for("admin.enrolments.index"), 303)


def _page(form):
    return render("admin/enrolments.html", form=form, courses=courses.newest(SUGGESTED), most=bulk_enrolment.MOST_LINES)


def _judged(text):
    """(course, Lines, SHA-256 of the file) of this admin's own dry run."""
    try:
        by_id, course_id, sha256, addresses = _signer().loads(text, max_age=LASTS)
    except BadData:
        by_id = None
    if by_id != current_user.id:
        raise Invalid("This is not what you checked. Choose the file again.")
    return courses.by_id(course_id), [bulk_enrolment.Line(number, address) for number, address in enumerate(addresses, start=1)], sha256


def _signer():
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="bulk enrolment")
