"""A teacher's year in euros: as a page, as CSV and as PDF."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user

from lms.blueprints.payouts import papers
from lms.domain.checkout import yearly
from lms.domain.withdrawals import payout_details
from lms.errors import NotFound
from lms.ui import download, render

blueprint = Blueprint("statements", __name__, url_prefix="/statements")  # of who earns, as the blueprint it stands in


@blueprint.get("/")
def index():
    return redirect(url_for("payouts.statements.show", year=yearly.years(current_user)[0]))


@blueprint.get("/<int(fixed_digits=4):year>")
def show(year):
    statement = _statement(year)
    return render("payouts/statement.html", statement=statement, totals=papers.totals(statement), years=yearly.years(current_user))


@blueprint.get("/<int(fixed_digits=4):year>.csv")
def table(year):
    return download(papers.as_csv(_statement(year)), f"schoolplatform-euros-{year}.csv", "text/csv")


@blueprint.get("/<int(fixed_digits=4):year>.pdf")
def paper(year):
    content = papers.as_pdf(_statement(year), current_user, payout_details.current(current_user.id))
    return download(content, f"schoolplatform-euros-{year}.pdf", "application/pdf")


def _statement(year):
    if year not in yearly.years(current_user):
        raise NotFound("There is no statement of yours for this year.")
    return yearly.statement(current_user, year)
