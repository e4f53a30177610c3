"""Payouts in euros that wait for an admin: to be approved or rejected, then sent to the bank and marked as paid, or as returned by it."""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.admin.forms import ExportForm, PaidForm, RejectPayoutForm, ReturnedPayoutForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.desk import cases
from lms.domain.withdrawals import bank_file_queries, payout_queries, payout_steps, payouts
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("bank_payouts", __name__, url_prefix="/bank-payouts")


@blueprint.get("/")
def index():
    is_closed = request.args.get("show") == "closed"
    found = (payout_queries.closed if is_closed else payout_queries.open_ones)(page_number())
    counts = payout_queries.counts()
    next_file = bank_file_queries.ready_sum(current_user) if counts.get("approved") and not is_closed else (0, 0)
    facts = dict(next_file=next_file, export=ExportForm(formdata=None), payer_iban=current_app.config["PAYER_IBAN"], largest=bank_file_queries.LARGEST)
    return render("admin/bank_payouts.html", payouts=found, is_closed=is_closed, counts=counts, **facts)


@blueprint.get("/<int(max=2147483647):payout_id>")
def show(payout_id):
    return _page(_payout(payout_id))


@blueprint.post("/<int(max=2147483647):payout_id>/approval")
@proven
def approve(payout_id):
    payout = _payout(payout_id)
    with transaction():
        payouts.approve(payout, current_user)
        is_approved = payout.state == "approved"
    flash(_("The payout is approved. Send it to the bank.") if is_approved else _("Your approval is noted. Another admin must approve it, too."), "done")
    return _back(payout_id)


@blueprint.post("/<int(max=2147483647):payout_id>/rejection")
@proven
def reject(payout_id):
    payout, form = _payout(payout_id), RejectPayoutForm(prefix="reject")
    if not form.validate_on_submit():
        return _page(payout, rejection=form), 422
    with transaction():
        payouts.reject(payout, current_user, form.reason.data)
    flash(_("The payout is rejected, and its euros are available to the teacher again."), "done")
    return _back(payout_id)


@blueprint.post("/<int(max=2147483647):payout_id>/payment")
@proven
def mark_paid(payout_id):
    payout, form = _payout(payout_id), PaidForm(prefix="paid")
    if not form.validate_on_submit():
        return _page(payout, payment=form), 422
    with transaction():
        payouts.mark_paid(payout, current_user, form.reference.data, by_hand=request.form.get("seen") == "approved")
    flash(_("The payout is marked as paid."), "done")
    return _back(payout_id)


@blueprint.post("/<int(max=2147483647):payout_id>/return")
@proven
def mark_returned(payout_id):
    payout, form = _payout(payout_id), ReturnedPayoutForm(prefix="return")
    if not form.validate_on_submit():
        return _page(payout, returning=form), 422
    with transaction():
        payouts.mark_returned(payout, current_user, form.reason.data)
    flash(_("The payout came back, and its euros are available to the teacher again."), "done")
    return _back(payout_id)


def _page(payout, **forms):
    shown = {"returning": ReturnedPayoutForm(formdata=None, prefix="return"), "rejection": RejectPayoutForm(formdata=None, prefix="reject"), "payment": PaidForm(formdata=None, prefix="paid")}
    is_party = payout_steps.is_party(payout, current_user)
    marked = [] if is_party or payout.user_id == current_user.id else cases.marked(payout.user_id, current_user)
    return render("admin/bank_payout.html", payout=payout, is_party=is_party, marked=marked, **shown | forms)


def _payout(payout_id):
    payout = payout_queries.payout(payout_id)
    if payout is None:
        raise NotFound("There is no such payout.")
    return payout


def _back(payout_id):
    return redirect(url_for("admin.bank_payouts.show", payout_id=payout_id), 303)
