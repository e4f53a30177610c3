"""Statements of a member's TEO, by month or for any days: as a page, as CSV and as PDF."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from flask_login import current_user, login_required

from lms import clock
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.paging import page_number
from lms.blueprints.statements import papers
from lms.blueprints.statements.forms import DaysForm
from lms.db import page_among
from lms.domain.wallet import statements
from lms.errors import Invalid
from lms.ui import download, render

blueprint = Blueprint("statements", __name__, url_prefix="/wallet/statements")
MONTHS = 12
LINES = 100  # on a page
MOST_ON_PAPER = 1000  # lines: a worker draws so many in two seconds, and answers nobody else meanwhile


@blueprint.get("")
@login_required
def index():
    today, months = _today(), list(_months())
    return _index(DaysForm(formdata=None, first=months[-1][0] if months else today, last=today))


@blueprint.get("/days")
@login_required
def show():
    return _of_days(lambda found: render("statements/show.html", statement=found, lines=page_among(found.lines, page_number(), LINES)))


@blueprint.get("/days.csv")
@login_required
def table():
    return _of_days(lambda found: download(papers.table(found, current_user), _name(found, "csv"), "text/csv"))


@blueprint.get("/days.pdf")
@login_required
@limiter.limit("30 per hour", key_func=logged_in_member)
def paper():
    return _of_days(_on_paper)


def _on_paper(found):
    if len(found.lines) > MOST_ON_PAPER:
        raise Invalid("A PDF has at most %(most)d lines. Choose fewer days, or take the CSV.", most=MOST_ON_PAPER)
    return download(papers.paper(found, current_user), _name(found, "pdf"), "application/pdf")


def _name(found, ending):
    return f"teo-{found.first}-{found.last}.{ending}"


def _of_days(answer):
    """What `answer` makes of the Statement of the days asked for; days that make none are said beside the fields."""
    form = DaysForm(request.args)
    if not form.validate():
        return _index(form), 422
    return answer(statements.statement(current_user.id, form.first.data, form.last.data, current_user.time_zone))


def _index(form):
    return render("statements/index.html", form=form, months=list(_months()), today=_today())


def _today():
    return clock.now().astimezone(ZoneInfo(current_user.time_zone)).date()


def _months():
    """(first, last) day of this month and of those before, as far as the member has been here."""
    joined = current_user.created_at.astimezone(ZoneInfo(current_user.time_zone)).date()
    today = _today()
    first, last = today.replace(day=1), today
    for _ in range(MONTHS):
        if last < joined:
            return
        yield first, last
        last = first - timedelta(days=1)
        first = last.replace(day=1)
