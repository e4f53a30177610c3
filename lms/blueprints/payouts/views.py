"""Euros a teacher asks for, where they stand, and to whom and where they go."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.access import earners_only
from lms.blueprints.forms import status_of
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.paging import page_number
from lms.blueprints.payouts import statements
from lms.blueprints.payouts.forms import DetailsForm, PayoutForm
from lms.db import transaction
from lms.domain.ledger import queries as ledger
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import payout_details, payout_queries, payouts
from lms.errors import NotFound
from lms.ui import render
from lms.ui.times import written

blueprint = Blueprint("payouts", __name__, url_prefix="/teach")
blueprint.before_request(earners_only)
blueprint.register_blueprint(statements.blueprint)


@blueprint.get("/payouts")
def index():
    return _index(*_desk())


@blueprint.post("/payouts")
def create():
    form, parts = _desk()
    if not form.validate_on_submit():
        return _index(form, parts), 422
    with transaction():
        payout = payouts.request(form.key.data, current_user, form.amount.data)
    flash(_("Your payout is asked for. An admin looks at it first."), "done")
    return redirect(url_for("payouts.show", payout_id=payout.id), 303)


@blueprint.get("/payouts/<int(max=2147483647):payout_id>")
def show(payout_id):
    return render("payouts/show.html", payout=_payout(payout_id))


@blueprint.post("/payouts/<int(max=2147483647):payout_id>/cancellation")
def cancel(payout_id):
    with transaction():
        payouts.cancel(_payout(payout_id))
    flash(_("The payout is cancelled. Its euros are available to you again."), "done")
    return redirect(url_for("payouts.index"), 303)


@blueprint.route("/payout-details", methods=["GET", "POST"])
@limiter.limit("20 per hour", key_func=logged_in_member, methods=["POST"])
def details():
    known = payout_details.current(current_user.id)
    form = DetailsForm(current_user, known)
    if not form.validate_on_submit():
        return render("payouts/details.html", form=form, rules=rulebook.in_force()), status_of(form)
    with transaction():
        payout_details.enter(current_user, **form.facts)
    flash(_("Your payout details are saved."), "done")
    return redirect(url_for("payouts.index"), 303)


def _desk():
    """(the form, what the teacher has in euros by account)"""
    parts = ledger.euros_of(current_user.id)
    return PayoutForm(current_user, payout_details.current(current_user.id), rulebook.in_force(), parts.get("available", 0)), parts


def _index(form, parts):
    found = payout_queries.of_member(current_user.id, page_number())
    facts = dict(form=form, parts=parts, details=form.details, rules=form.rules, waits_until=form.waits_until and written(form.waits_until))
    return render("payouts/index.html", payouts=found, paid=ledger.paid_out(current_user.id), **facts)


def _payout(payout_id):
    """The teacher's own; somebody else's does not exist for him."""
    payout = payout_queries.payout(payout_id)
    if payout is None or payout.user_id != current_user.id:
        raise NotFound("There is no such payout of yours.")
    return payout
