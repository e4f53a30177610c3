"""What a teacher's sales brought him."""

from flask import Blueprint
from flask_login import current_user

from lms.blueprints.readers import page_number, teachers_only
from lms.domain.checkout import earnings
from lms.domain.ledger import queries as ledger
from lms.ui import render

blueprint = Blueprint("money", __name__, url_prefix="/teach/money")
blueprint.before_request(teachers_only)


@blueprint.get("/")
def show():
    months, series = earnings.months(current_user.id, current_user.time_zone)
    facts = dict(parts=ledger.euros_of(current_user.id), paid=ledger.paid_out(current_user.id), months=months, series=series)
    return render("money/show.html", "lines", lines=earnings.lines(current_user.id, page_number()), **facts)
