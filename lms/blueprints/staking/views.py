"""What a teacher has staked, what it brings, and what a further tier would."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.access import earners_only
from lms.blueprints.staking.forms import AmountForm
from lms.db import transaction
from lms.domain.checkout import sale_forecasts
from lms.domain.staking import actions as staking
from lms.domain.staking import queries
from lms.ui import render

blueprint = Blueprint("staking", __name__, url_prefix="/teach/staking")
blueprint.before_request(earners_only)


@blueprint.get("/")
def show():
    return _page(AmountForm(prefix="stake-"), AmountForm(prefix="unstake-"))


@blueprint.post("/stakes")
def stake():
    form = AmountForm(prefix="stake-")
    if not form.validate_on_submit():
        return _page(form, AmountForm(formdata=None, prefix="unstake-")), 422
    with transaction():
        staking.stake(f"{current_user.id}:{form.key.data}", current_user, form.amount.data)
        user_id = current_user.id
    _tell(user_id)
    flash(_("Staked. Sales from now on are shared by your tier."), "done")
    return redirect(url_for("staking.show"), 303)


@blueprint.post("/unstakings")
def unstake():
    form = AmountForm(prefix="unstake-")
    if not form.validate_on_submit():
        return _page(AmountForm(formdata=None, prefix="stake-"), form), 422
    with transaction():
        staking.unstake(f"{current_user.id}:{form.key.data}", current_user, form.amount.data)
        user_id = current_user.id
    _tell(user_id)
    flash(_("Unstaking has begun: the TEO are available when the unbonding is over."), "done")
    return redirect(url_for("staking.show"), 303)


def _page(stake_form, unstake_form):
    standing = queries.standing(current_user.id)
    return render("staking/show.html", standing=standing, rungs=sale_forecasts.ladder(current_user.id, standing), stake_form=stake_form, unstake_form=unstake_form)


def _tell(user_id):
    live.push(user_id, *live.BALANCE)
