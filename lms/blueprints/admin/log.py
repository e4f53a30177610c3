"""The audit log: who decided what, as a page and as CSV."""

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.admin.forms import LogForm
from lms.blueprints.readers import page_number
from lms.db import transaction
from lms.domain.accounts import queries as accounts
from lms.domain.audit import log, log_queries
from lms.formats import csv
from lms.ui import download, render

blueprint = Blueprint("log", __name__, url_prefix="/log")  # of admins only, as the blueprint it stands in

MOST = 20_000  # rows of a CSV


@blueprint.get("")
def index():
    form = _form()
    is_valid = form.validate()
    entries = log_queries.page(_wanted(form) if is_valid else log_queries.Wanted(), page_number())
    return render("admin/log.html", form=form, entries=entries, names=form.names), 200 if is_valid else 422


@blueprint.post("/csv")
def table():
    """A POST, since it is noted in the log, too."""
    form = _form()
    if not form.validate():
        return render("admin/log.html", form=form, entries=log_queries.page(log_queries.Wanted()), names=form.names), 422
    rows = [_row(entry, form.names) for entry in log_queries.rows(_wanted(form), MOST)]
    with transaction():
        log.record("log exported", "log audit", current_user, rows=len(rows))
    head = [_("Number"), _("Time"), _("By"), _("Action"), _("Subject"), _("Details"), _("Hash")]
    return download(csv.write([head, *rows]), "audit-log.csv", "text/csv")


def _form():
    return LogForm(request.args, names=accounts.names(log_queries.author_ids()))


def _wanted(form):
    first, last = form.first.data, form.last.data
    begin = first and datetime.combine(first, time.min, UTC)
    end = last and datetime.combine(last + timedelta(days=1), time.min, UTC)
    return log_queries.Wanted(form.action.data, form.about.data, form.by.data or None, begin, end)


def _row(entry, names):
    details = "; ".join(f"{name}: {value}" for name, value in sorted(entry.details.items()))
    return [entry.number, entry.at.astimezone(UTC).isoformat(), names.get(entry.by_id, ""), entry.action, entry.subject, details, entry.hash]
