"""What a teacher's sales brought him: a page, and each year's lines as CSV."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint
from flask_babel import gettext as _
from flask_login import current_user

from lms import clock
from lms.blueprints.access import earners_only
from lms.blueprints.paging import page_number
from lms.domain.checkout import earnings
from lms.domain.ledger import queries as ledger
from lms.formats import csv
from lms.ui import download, render

blueprint = Blueprint("money", __name__, url_prefix="/teach/money")
blueprint.before_request(earners_only)


@blueprint.get("/")
def show():
    months, series = earnings.months(current_user.id, current_user.time_zone)
    facts = dict(parts=ledger.euros_of(current_user.id), paid=ledger.paid_out(current_user.id), months=months, series=series, years=_years())
    return render("money/show.html", "lines", lines=earnings.lines(current_user.id, page_number()), **facts)


@blueprint.get("/<int(min=2000, max=2100):year>.csv")
def table(year):
    """Each sale and each one taken back in a year of the teacher's time zone, from the list price to the net."""
    first, last = (datetime(each, 1, 1, tzinfo=ZoneInfo(current_user.time_zone)) for each in (year, year + 1))
    rows = [_row(line) for line in earnings.lines_of(current_user.id, first, last)]
    head = [_("Time"), _("What"), _("Order"), _("Course"), _("List price"), _("Coupon"), _("Coupon code"), _("Paid in TEO, in euros"), _("Paid in cash, without VAT"), _("VAT")]
    content = csv.write([[*head, _("Platform"), _("To you"), _("TEO to you"), _("Rulebook")], *rows])
    return download(content, f"sales-{year}.csv", "text/csv")


def _row(line):
    order, sign = line.order, line.sign
    moment = line.at.astimezone(ZoneInfo(current_user.time_zone)).isoformat(timespec="seconds")
    what = _("Sale") if line.is_sale else _("Refund") if order.state == "refunded" else _("Charge back")
    price = [_cents(sign * order.list_price), _cents(-sign * order.coupon_off), order.coupon.code if order.coupon else "", _cents(-sign * order.discount)]
    split = [_cents(sign * order.cash), _cents(sign * order.vat), _cents(line.platform), _cents(line.net)]
    return [moment, what, order.id, order.course.title, *price, *split, csv.amount(line.tokens, 6), order.rule_version]


def _cents(amount):
    """As an exact decimal; empty for what is not decided yet."""
    return "" if amount is None else csv.amount(amount, 2)


def _years():
    """From the one in which he joined to this one, newest first."""
    zone = ZoneInfo(current_user.time_zone)
    return range(clock.now().astimezone(zone).year, current_user.created_at.astimezone(zone).year - 1, -1)
