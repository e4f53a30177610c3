"""Statements of a member's TEO, by month or for any days: as a page, as CSV and as PDF."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from flask_login import current_user, login_required

from lms import clock
from lms.blueprints.statements import papers
from lms.domain.wallet import statements
from lms.errors import Invalid
from lms.ui import download, render

blueprint = Blueprint("statements", __name__, url_prefix="/wallet/statements")
MONTHS = 12


@blueprint.get("")
@login_required
def index():
    today = clock.now().astimezone(ZoneInfo(current_user.time_zone)).date()
    return render("statements/index.html", months=list(_months(today)), today=today)


@blueprint.get("/days")
@login_required
def show():
    return render("statements/show.html", statement=_statement())


@blueprint.get("/days.csv")
@login_required
def table():
    found = _statement()
    return download(papers.table(found, current_user), _name(found, "csv"), "text/csv")


@blueprint.get("/days.pdf")
@login_required
def paper():
    found = _statement()
    return download(papers.paper(found, current_user), _name(found, "pdf"), "application/pdf")


def _name(found, ending):
    return f"teo-{found.first}-{found.last}.{ending}"


def _statement():
    first, last = (request.args.get(name, type=date.fromisoformat) for name in ("first", "last"))
    if first is None or last is None or not date(2000, 1, 1) <= first <= date(2100, 1, 1) or last > date(2100, 1, 1):
        raise Invalid("Choose the first and the last day.")
    return statements.statement(current_user.id, first, last, current_user.time_zone)


def _months(today):
    """(first, last) day of this month and of those before, as far as the member has been here."""
    joined = current_user.created_at.astimezone(ZoneInfo(current_user.time_zone)).date()
    first, last = today.replace(day=1), today
    for _ in range(MONTHS):
        if last < joined:
            return
        yield first, last
        last = first - timedelta(days=1)
        first = last.replace(day=1)
