"""A teacher's year in euros: as a page, as CSV and as PDF."""

from flask import Blueprint, current_app, redirect, url_for
from flask_login import current_user

from lms.blueprints.payouts import papers
from lms.domain.checkout import yearly
from lms.domain.withdrawals import payout_details
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("statements", __name__, url_prefix="/statements")  # of teachers only, as the blueprint it stands in


@blueprint.get("/")
def index():
    return redirect(url_for("payouts.statements.show", year=yearly.years(current_user)[0]))


@blueprint.get("/<int(fixed_digits=4):year>")
def show(year):
    statement = _statement(year)
    return render("payouts/statement.html", statement=statement, totals=papers.totals(statement), years=yearly.years(current_user))


@blueprint.get("/<int(fixed_digits=4):year>.csv")
def table(year):
    return _saved(papers.as_csv(_statement(year)), "text/csv", f"{year}.csv")


@blueprint.get("/<int(fixed_digits=4):year>.pdf")
def paper(year):
    return _saved(papers.as_pdf(_statement(year), current_user, payout_details.current(current_user.id)), "application/pdf", f"{year}.pdf")


def _statement(year):
    if year not in yearly.years(current_user):
        raise NotFound("There is no statement of yours for this year.")
    return yearly.statement(current_user, year)


def _saved(data, media_type, name):
    headers = {"Content-Disposition": f'attachment; filename="schoolplatform-euros-{name}"', "Cache-Control": "private, no-store"}
    return current_app.response_class(data, mimetype=media_type, headers=headers)
