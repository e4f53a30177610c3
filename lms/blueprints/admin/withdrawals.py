"""Withdrawals that an admin must look at before they go, and the switch that stops all payouts."""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.admin import case_page, queue_place
from lms.blueprints.admin.forms import HaltForm, HoldForm, RejectForm
from lms.blueprints.fields import sentence
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.desk import batches, cases, decisions, provenance_pieces
from lms.domain.withdrawals import halt, queries
from lms.errors import Forbidden, NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("payouts", __name__, url_prefix="/payouts")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):withdrawal_id>"


@blueprint.get("")
def index():
    return _queue()


@blueprint.get("/batch")
def batch():
    """What was chosen in the queue, before it is approved."""
    return _batch(_chosen(request.args))


@blueprint.post("/batch")
@proven
def approve_batch():
    """Those that are not what he was shown, or not his to approve, are shown instead: then none of them goes."""
    seen = {number: request.form.get(f"seen-{number}", "") for number in _chosen(request.form)}
    with transaction():
        batches.look_again(seen)
    if refused := batches.refused(seen, current_user):
        return _batch(seen.keys() - refused, refused), 409
    with transaction():
        approved = batches.approve(seen, current_user)
        told = [(withdrawal.user_id, withdrawal.id) for withdrawal in approved]
        going = sum(withdrawal.state == "approved" for withdrawal in approved)
    enqueue("settlement.settle")
    enqueue("announce.case", *(withdrawal_id for _, withdrawal_id in told))
    for user_id, withdrawal_id in told:
        live.push(user_id, f"withdrawal:{withdrawal_id}", *live.BALANCE)
    flash(_("Approved: %(going)d go out, %(waiting)d wait for another admin.", going=going, waiting=len(told) - going), "done")
    return redirect(url_for("admin.payouts.index", **queue_place.back()), 303)


@blueprint.get(ONE)
def show(withdrawal_id):
    return case_page.page(_withdrawal(withdrawal_id))


@blueprint.get(f"{ONE}/provenance")
def provenance(withdrawal_id):
    """Where its tokens come from, credit by credit."""
    withdrawal = _withdrawal(withdrawal_id)
    if withdrawal.user_id == current_user.id:
        raise Forbidden("It is your own: another admin looks at it.")
    return render("admin/pieces.html", withdrawal=withdrawal, pieces=provenance_pieces.of(withdrawal, page_number()), carried=queue_place.carried(), back=queue_place.back())


@blueprint.get(f"{ONE}/company")
def company(withdrawal_id):
    """Asked for by an open page, now and then: whose browser says so is there."""
    withdrawal = _withdrawal(withdrawal_id)
    if request.headers.get("HX-Request-Type") != "partial":
        return redirect(url_for("admin.payouts.show", withdrawal_id=withdrawal_id))
    return render("admin/case.html", "company", withdrawal=withdrawal, company=case_page.company(withdrawal))


@blueprint.post(f"{ONE}/approval")
@proven
def approve(withdrawal_id):
    """What he was not shown, such as signs of fraud that came up since, he reads first; of what he has a part in he is told nothing."""
    withdrawal, seen = _withdrawal(withdrawal_id), request.form.get("seen", "")
    with transaction():
        batches.look_again([withdrawal_id])
    if decisions.outdated(withdrawal, seen) and not decisions.is_party(withdrawal, current_user):
        return case_page.page(withdrawal, is_outdated=True), 409
    with transaction():
        decisions.approve(withdrawal, current_user, seen)
        is_going = withdrawal.state == "approved"
    enqueue("settlement.settle")
    return _decided(withdrawal, _("Approved: it goes out.") if is_going else _("Approved. Another admin must approve it too."))


@blueprint.post(f"{ONE}/rejection")
@proven
def reject(withdrawal_id):
    withdrawal, form = _withdrawal(withdrawal_id), RejectForm(prefix="reject")
    if not form.validate_on_submit():
        return case_page.page(withdrawal, rejection=form), 422
    with transaction():
        decisions.reject(withdrawal, current_user, form.reason.data)
    return _decided(withdrawal, _("Rejected: all of it is available to its member again."))


@blueprint.post(f"{ONE}/hold")
@proven
def hold(withdrawal_id):
    withdrawal, form = _withdrawal(withdrawal_id), HoldForm(prefix="hold")
    if not form.validate_on_submit():
        return case_page.page(withdrawal, holding=form), 422
    with transaction():
        decisions.hold(withdrawal, current_user, form.reason.data, form.note.data)
    return _decided(withdrawal, _("It is on hold, and its member reads why."))


@blueprint.post(f"{ONE}/resumption")
@proven
def let_go_on(withdrawal_id):
    withdrawal = _withdrawal(withdrawal_id)
    with transaction():
        decisions.let_go_on(withdrawal, current_user)
    return _decided(withdrawal, _("It is on hold no more: it may be approved."))


@blueprint.post("/stop")
@proven
def stop():
    form = HaltForm(prefix="halt")
    if not form.validate_on_submit():
        return _queue(halting=form), 422
    with transaction():
        halt.stop(form.reason.data, current_user)  # from here on it stands, whatever becomes of the rest, which only tells of it
    with transaction():
        is_quiet = halt.are_others_over()
    return _switched(_("All payouts are stopped.") if is_quiet else _("All payouts are stopped. One was being signed or decided at that moment, and may still go out."))


@blueprint.post("/start")
@proven
def start():
    with transaction():
        halt.go_on(current_user)
    for job in ("withdrawals.check", "settlement.settle", "stuck_transactions.sweep"):
        enqueue(job)
    return _switched(_("Payouts go on."))


def _batch(ids, refused=None):
    """`refused`: {id: why} of those that kept a batch from being approved."""
    found = batches.chosen(ids, current_user)
    why = {number: sentence(refusal) for number, refusal in (refused or {}).items()}
    return render("admin/batch.html", batch=found, refused=why, chain_id=current_app.config["CHAIN_ID"], carried=queue_place.carried(), back=queue_place.back())


def _chosen(sent):
    """Numbers of withdrawals; what is none was made up."""
    return [int(number) for number in sent.getlist("chosen") if number.isdecimal() and len(number) < 10]


def _switched(sentence):
    """Everybody with a page open sees it."""
    enqueue("announce.halt")
    flash(sentence, "done")
    return redirect(url_for("admin.payouts.index"), 303)


def _queue(halting=None):
    """`halting`: the form that was to stop all and lacks something."""
    halting = halting or HaltForm(formdata=None, prefix="halt")
    wanted = queue_place.wanted()
    found = cases.queue(**wanted, number=page_number(), by=current_user)
    switch = halt.standing()
    clean = {withdrawal.id for withdrawal in found.items if not switch and batches.obstacle(withdrawal, current_user) is None}
    facts = dict(clean=clean, late={withdrawal.id for withdrawal in found.items if cases.is_late(withdrawal)}, ages=cases.AGES, all_chosen=request.args.get("chosen") == "all")
    return render("admin/payouts.html", withdrawals=found, **facts, **wanted, place=queue_place.place(found.number), carried=queue_place.carried(found.number), pace=cases.service_time(), switch=switch, halting=halting)


def _decided(withdrawal, sentence):
    live.push(withdrawal.user_id, f"withdrawal:{withdrawal.id}", *live.BALANCE)
    enqueue("announce.case", withdrawal.id)
    flash(sentence, "done")
    stays = withdrawal.is_undecided  # there is more to decide about it
    if not stays:
        case_page.leave(withdrawal)
    return redirect(url_for("admin.payouts.show", withdrawal_id=withdrawal.id, **queue_place.carried()) if stays else url_for("admin.payouts.index", **queue_place.back()), 303)


def _withdrawal(withdrawal_id):
    found = queries.withdrawal(withdrawal_id)
    if found is None:
        raise NotFound("There is no such withdrawal.")
    return found
