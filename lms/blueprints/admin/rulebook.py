"""Drafts of the next version of the rulebook: written by one admin, published by another."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.admin import backtests
from lms.blueprints.admin.rules_form import SIGNS, RulesForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.governance import backtests as trials
from lms.domain.governance import drafts, queries
from lms.domain.rulebook import queries as versions
from lms.errors import NotFound
from lms.ui import render
from lms.ui.rulebook import GROUPS, differences, said_strong, weight_differences

blueprint = Blueprint("rulebook", __name__, url_prefix="/rulebook")  # of admins only, as the blueprint it stands in

blueprint.register_blueprint(backtests.blueprint)

ONE = "/<int(max=2147483647):draft_id>"


@blueprint.get("")
def index():
    return render("admin/rulebook.html", drafts=queries.page(page_number()), edition=versions.edition(), differences=differences, days=trials.DAYS)


@blueprint.post("")
def begin():
    with transaction():
        draft_id = drafts.begin(current_user).id
    return redirect(url_for("admin.rulebook.edit", draft_id=draft_id), 303)


@blueprint.get(ONE)
def show(draft_id):
    draft = _draft(draft_id)
    against = versions.version(draft.based_on)
    changes = differences(against, draft.numbers) + weight_differences(against, draft.numbers)
    return render("admin/rulebook_draft.html", draft=draft, changes=changes, begins=drafts.begins(draft), is_outdated=drafts.is_outdated(draft), backtest=trials.newest(draft.id), days=trials.DAYS)


@blueprint.get(f"{ONE}/numbers")
def edit(draft_id):
    draft = _draft(draft_id)
    return _form(draft, RulesForm(draft.numbers, draft.notice_days, formdata=None))


@blueprint.post(f"{ONE}/numbers")
def change(draft_id):
    draft = _draft(draft_id)
    form = RulesForm(draft.numbers, draft.notice_days)
    if not form.validate_on_submit():
        return _form(draft, form), 422
    with transaction():
        drafts.change(draft, current_user, form.rules, form.notice_days.data)
    flash(_("The draft is saved."), "done")
    return _back(draft_id)


@blueprint.post(f"{ONE}/carrying-over")
def carry_over(draft_id):
    draft = _draft(draft_id)
    with transaction():
        drafts.carry_over(draft, current_user)
    flash(_("The draft now changes version %(number)d.", number=draft.based_on), "done")
    return _back(draft_id)


@blueprint.post(f"{ONE}/proposal")
@proven
def propose(draft_id):
    draft = _draft(draft_id)
    with transaction():
        drafts.propose(draft, current_user)
    flash(_("The draft is proposed. Another admin reads and publishes it."), "done")
    return _back(draft_id)


@blueprint.post(f"{ONE}/publication")
@proven
def publish(draft_id):
    """`digest` is of what the admin read: what was changed since is not published."""
    draft = _draft(draft_id)
    with transaction():
        number = drafts.publish(draft, current_user, request.form.get("digest", "")).number
    flash(_("Version %(number)d is announced, and all members are told.", number=number), "done")
    return _back(draft_id)


@blueprint.post(f"{ONE}/withdrawal")
@proven
def withdraw(draft_id):
    draft = _draft(draft_id)
    with transaction():
        drafts.withdraw(draft, current_user)
    flash(_("The draft is withdrawn."), "done")
    return _back(draft_id)


def _form(draft, form):
    holds = versions.version(draft.based_on)
    return render("admin/rulebook_numbers.html", draft=draft, form=form, groups=GROUPS, signs=SIGNS, holds=holds, said=said_strong)


def _draft(draft_id):
    found = queries.draft(draft_id)
    if found is None:
        raise NotFound("There is no such draft.")
    return found


def _back(draft_id):
    return redirect(url_for("admin.rulebook.show", draft_id=draft_id), 303)
