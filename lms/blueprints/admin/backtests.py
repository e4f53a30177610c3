"""What a draft of the rulebook would have done in the last 90 days: asked for, followed, read, and saved as CSV."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.paging import page_number
from lms.db import page_among, transaction
from lms.domain.accounts import queries as accounts
from lms.domain.audit import log
from lms.domain.governance import backtests, queries
from lms.errors import NotFound
from lms.formats import csv
from lms.queue import enqueue
from lms.ui import backtests as words
from lms.ui import download, render

blueprint = Blueprint("backtests", __name__, url_prefix="/<int(max=2147483647):draft_id>/backtests")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):backtest_id>"


@blueprint.post("")
def create(draft_id):
    draft = queries.draft(draft_id)
    if draft is None:
        raise NotFound("There is no such draft.")
    with transaction():
        backtest_id = backtests.ask(draft, current_user).id
    enqueue("backtests.run", backtest_id)
    flash(_("The draft is tried on the last %(days)d days. This page says how far it is.", days=backtests.DAYS), "done")
    return redirect(url_for("admin.rulebook.show", draft_id=draft_id), 303)


@blueprint.get(ONE)
def show(draft_id, backtest_id):
    backtest = _backtest(draft_id, backtest_id)
    if backtest.state != "done":
        return redirect(url_for("admin.rulebook.show", draft_id=draft_id))
    rule = request.args.get("rule", "")
    rule = rule if rule in words.COSTS else ""
    members = page_among(backtest.result["members"]["largest"], page_number())
    people = accounts.names([line[0] for line in members.items])
    return render("admin/backtest.html", backtest=backtest, result=backtest.result, rule=rule, members=members, people=people, words=words)


@blueprint.post(f"{ONE}/csv")
def table(draft_id, backtest_id):
    """Cost by rule and day. A POST, since it is noted in the log."""
    backtest = _backtest(draft_id, backtest_id)
    if backtest.state != "done":
        raise NotFound("There is no such backtest.")
    with transaction():
        log.record("backtest exported", f"rulebook-draft {draft_id}", current_user, backtest=backtest_id)
    return download(csv.write([_head(), *_rows(backtest.result)]), f"backtest-{backtest_id}.csv", "text/csv")


def _head():
    return [_("Day"), _("Rule"), _("Unit"), _("In force"), _("Draft")]


def _rows(result):
    for rule, label in words.COSTS.items():
        unit = words.unit_of(rule)
        digits = 2 if unit == words.EUR else 6
        for day, *amounts in words.by_day(result, rule):
            yield [day.isoformat(), str(label), unit, *(csv.amount(amount, digits) for amount in amounts)]


def _backtest(draft_id, backtest_id):
    found = backtests.of_draft(draft_id, backtest_id)
    if found is None:
        raise NotFound("There is no such backtest.")
    return found
