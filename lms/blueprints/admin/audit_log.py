"""The audit log: who decided what, as a page and as CSV."""

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.admin.forms import LogForm
from lms.blueprints.paging import page_number
from lms.db import transaction
from lms.domain.accounts import queries as accounts
from lms.domain.audit import log, log_queries
from lms.formats import csv
from lms.ui import download, render
from lms.ui.log_words import details_for

blueprint = Blueprint("log", __name__, url_prefix="/log")  # of admins only, as the blueprint it stands in

MOST = 20_000  # rows of a CSV: one that leaves some out unsaid would be taken for all


@blueprint.get("")
def index():
    form = _form()
    return _page(form, _wanted(form))


@blueprint.post("/csv")
def table():
    """A POST, since it is noted in the log, too."""
    form = _form()
    wanted = _wanted(form)
    found = log_queries.rows(wanted, MOST + 1)
    if len(found) > MOST:
        form.first.errors = [_("These are more than %(most)d rows: choose fewer days.", most=MOST)]
    if form.errors:
        return _page(form, wanted)
    rows = [_row(entry, form.names) for entry in found]
    with transaction():
        log.record("log exported", "log audit", current_user, rows=len(rows))
    head = [_("Number"), _("Time"), _("By"), _("Action"), _("Subject"), _("Details"), _("Hash")]
    return download(csv.write([head, *rows]), "audit-log.csv", "text/csv")


def _page(form, wanted):
    return render("admin/log.html", form=form, entries=log_queries.page(wanted, page_number()), names=form.names), 422 if form.errors else 200


def _form():
    return LogForm(request.args, names=accounts.names(log_queries.author_ids()))


def _wanted(form):
    """All rows, where the form asks for what cannot be."""
    if not form.validate():
        return log_queries.Wanted()
    first, last = form.first.data, form.last.data
    begin = first and datetime.combine(first, time.min, UTC)
    end = last and datetime.combine(last + timedelta(days=1), time.min, UTC)
    return log_queries.Wanted(form.action.data, form.about.data, form.by.data or None, begin, end)


def _row(entry, names):
    details = "; ".join(f"{name}: {value}" for name, value in sorted(details_for(entry, current_user).items()))
    return [entry.number, entry.at.astimezone(UTC).isoformat(), names.get(entry.by_id, ""), entry.action, entry.subject, details, entry.hash]
