"""Members: found, looked at with all that an admin decides by, made what they are, kept out and signed out."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import clock
from lms.blueprints.admin.forms import SuspendForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.accounts import membership, queries
from lms.domain.checkout import queries as checkout
from lms.domain.governance import admins
from lms.domain.ledger import queries as ledger
from lms.domain.notices import actions as notices
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import payout_queries
from lms.domain.withdrawals import queries as withdrawals
from lms.errors import NotFound
from lms.ui import render
from lms.ui.agents import device

blueprint = Blueprint("members", __name__, url_prefix="/members")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):user_id>"


@blueprint.get("")
def index():
    word = request.args.get("q", "").replace("\x00", "").strip()[:200]
    which = request.args.get("which", "")
    which = which if which in queries.FILTERS else ""
    return render("admin/members.html", members=queries.page(word, page_number(), which), word=word, which=which)


@blueprint.get(ONE)
def show(user_id):
    return _page(_member(user_id), SuspendForm(formdata=None, prefix="suspend"))


@blueprint.post(f"{ONE}/role")
@proven
def set_role(user_id):
    member = _member(user_id)
    with transaction():
        admins.set_role(member, request.form.get("role", ""), current_user)
    return _done(member, _("The role of %(name)s is changed.", name=member.name))


@blueprint.post(f"{ONE}/suspension")
@proven
def suspend(user_id):
    member, form = _member(user_id), SuspendForm(prefix="suspend")
    if not form.validate_on_submit():
        return _page(member, form), 422
    with transaction():
        admins.suspend(member, current_user, form.reason.data)
    return _done(member, _("%(name)s is suspended and logged out everywhere.", name=member.name))


@blueprint.post(f"{ONE}/admission")
@proven
def let_in(user_id):
    member = _member(user_id)
    with transaction():
        membership.let_in(member, current_user)
    return _done(member, _("%(name)s may log in again.", name=member.name))


@blueprint.post(f"{ONE}/sign-ins")
@proven
def end_sign_ins(user_id):
    member, at = _member(user_id), clock.now().isoformat()
    with transaction():
        if membership.end_sign_ins(member, current_user):
            notices.tell(member.id, "sign-ins ended", at, at=at)
    return _done(member, _("%(name)s is logged out everywhere.", name=member.name))


def _page(member, form):
    suspension = membership.suspension(member)
    suspended_by = suspension and queries.by_id(suspension.by_id)
    facts = dict(form=form, suspension=suspension, suspended_by=suspended_by)
    return render("admin/member.html", member=member, **facts, **_sign_ins(member), **_money(member.id))


def _done(member, sentence):
    flash(sentence, "done")
    return redirect(url_for("admin.members.show", user_id=member.id), 303)


def _sign_ins(member):
    """Where he is signed in now, and where from he was in the last 90 days, with who else was there."""
    history = queries.sightings(member, page_number())
    is_own = member.id == current_user.id  # who else uses his browser is a sign of fraud, which is told to the others alone
    shared = {} if is_own else queries.who_share(member, {sighting.device for sighting in history.items}, current_user)
    return dict(sessions=[(session, device(session.agent)) for session in queries.sessions(member)], history=history, shared=shared)


def _money(user_id):
    """What he has and what he had of it, the newest first; a fixed number of statements."""
    facts = dict(balance=wallet.balance(user_id), euros_by_part=ledger.euros_of(user_id))
    facts |= dict(withdrawals=withdrawals.of(user_id), payouts=payout_queries.of_member(user_id))
    return facts | dict(orders=checkout.orders_of(user_id), sales=checkout.sales_of(user_id))


def _member(user_id):
    member = queries.by_id(user_id)
    if member is None:
        raise NotFound("There is no such member.")
    return member
