"""What admins see and decide."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints import quiz_questions
from lms.blueprints.access import admins_only
from lms.blueprints.admin import (
    applications,
    audit_log,
    bank_files,
    bank_payouts,
    chain_page,
    decided,
    disputes,
    enrolments,
    failed_jobs,
    home_page,
    members,
    orders,
    refunds_by_hand,
    rulebook,
    simulations,
    withdrawals,
)
from lms.blueprints.admin import refunds as refund_pages
from lms.blueprints.admin.forms import ReturnForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.audit import actions as watch
from lms.domain.audit import queries as audit
from lms.domain.checkout import parties, refunds
from lms.domain.checkout import queries as checkout
from lms.domain.courses import approval
from lms.domain.courses import queries as courses
from lms.domain.courses import quiz_queries as quizzes
from lms.domain.onchain import figures
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import STATES
from lms.errors import NotFound
from lms.formats import markdown
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for part in (applications, bank_files, bank_payouts, refunds_by_hand, decided, disputes, enrolments, failed_jobs, audit_log, members, orders, withdrawals, refund_pages, rulebook, simulations):
    blueprint.register_blueprint(part.blueprint)
blueprint.before_request(admins_only)


@blueprint.get("/")
def index():
    return render("admin/index.html", **home_page.facts(current_user))


@blueprint.get("/courses")
def waiting():
    return render("admin/waiting.html", courses=courses.waiting(page_number()))


@blueprint.get("/courses/<slug>")
def review(slug):
    return _review(_course(slug), ReturnForm())


@blueprint.post("/courses/<slug>/approval")
@proven
def approve(slug):
    course = _course(slug)
    with transaction():
        approval.approve(course, current_user, request.form.get("submission", ""))
    flash(_("%(title)s is published.", title=course.title), "done")
    return redirect(url_for("admin.waiting"), 303)


@blueprint.post("/courses/<slug>/return")
@proven
def give_back(slug):
    course, form = _course(slug), ReturnForm()
    if not form.validate_on_submit():
        return _review(course, form), 422
    with transaction():
        approval.give_back(course, current_user, form.comment.data)
    flash(_("%(title)s went back to its teacher.", title=course.title), "done")
    return redirect(url_for("admin.waiting"), 303)


@blueprint.get("/operations")
def operations():
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    counts = figures.counts()
    kinds = sorted({kind for kind, _state in counts})
    kind = request.args.get("kind", "")
    kind = kind if kind in kinds else ""
    return render("admin/operations.html", operations=onchain.page(state, kind, page_number()), state=state, kind=kind, kinds=kinds, counts=counts, states=STATES)


@blueprint.get("/chain")
def chain():
    return render("admin/chain.html", **chain_page.chain())


@blueprint.get("/incidents")
def incidents():
    return render("admin/incidents.html", incidents=audit.open_incidents(page_number()), closed=audit.closed_incidents())


@blueprint.post("/incidents/<int(max=2147483647):incident_id>/closing")
@proven
def close_incident(incident_id):
    incident = _incident(incident_id)
    with transaction():
        parties.close_incident(incident, current_user, request.form.get("note", ""))
    flash(_("The incident is closed."), "done")
    return redirect(url_for("admin.incidents"), 303)


@blueprint.post("/incidents/<int(max=2147483647):incident_id>/return")
@proven
def return_payment(incident_id):
    """Money that paid nothing goes back to where it came from, and its incident is closed."""
    incident = _incident(incident_id)
    payment = checkout.payment_of(incident)
    if payment is None:
        raise NotFound("This incident is about no payment.")
    with transaction():
        refunds.return_held(payment, current_user)
        watch.close_incident(incident, current_user, _("Sent back to where it came from."))
    enqueue("payments.sweep")
    flash(_("The money is on its way back."), "done")
    return redirect(url_for("admin.incidents"), 303)


def _incident(incident_id):
    incident = audit.incident(incident_id)
    if incident is None:
        raise NotFound("There is no such incident.")
    return incident


def _review(course, form):
    lessons = {lesson.id: markdown.render(lesson.body, below=3) for lesson in courses.with_bodies(course)}
    asked = {lesson_id: quiz_questions.of_quiz(quiz) for lesson_id, quiz in quizzes.of_course(course).items()}
    description = markdown.render(course.description, below=2)
    return render("admin/review.html", course=course, form=form, lessons=lessons, questions=asked, description=description)


def _course(slug):
    """A course somebody has handed in; drafts are their teachers' own."""
    course = courses.by_slug(slug)
    if course is None or course.state == "draft":
        raise NotFound("There is no such course.")
    return course
