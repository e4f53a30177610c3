"""A yearly statement as a table for a spreadsheet and as a paper. The same statement is the same bytes."""

from datetime import timedelta

from flask_babel import gettext as _

from lms.formats import csv
from lms.formats.pdf import Paper
from lms.ui import euros
from lms.ui.times import written
from lms.ui.words import reason


def as_csv(statement):
    """What, of what, day, number, reference, euros: the amounts above the last line add up to it."""
    head = [_("Line"), _("What"), _("Day"), _("Number"), _("Reference"), "EUR"]
    rows = [[kind, what, line.at and line.at.astimezone(statement.first.tzinfo).date().isoformat(), line.count, line.reference, _amount(line.amount)] for kind, what, line in _lines(statement)]
    first, last = ([name, "", day.isoformat(), "", "", _amount(cents)] for name, day, cents in _ends(statement))
    return csv.write([head, first, *rows, last])


def as_pdf(statement, user, details):
    """A paper with the member's legal name and address, where we know them."""
    first, last = _ends(statement)
    paper = Paper(_("Yearly statement %(year)s", year=statement.year), _subtitle(first, last), statement.last, user.locale, _("Page %(page)s of %(pages)s"))
    paper.facts(_payee(user, details) + [(f"{name}, {written(day)}", euros(cents)) for name, day, cents in (first, last)])
    for heading, lines in ((_("Sales by course"), statement.sales), (_("Refunds"), statement.refunds), (_("Payouts"), statement.payouts), (_("Others"), statement.others)):
        if lines:
            _table(paper, heading, lines, statement.first.tzinfo)
    paper.heading(_("In all"))
    paper.facts([(name, euros(cents)) for name, cents in totals(statement)], summed=True)
    paper.note(_("From the ledger: what is maturing, available, requested and owed, together. TEO have a statement of their own."))
    return paper.bytes()


def totals(statement):
    """[(name, cents)] from the opening to the closing."""
    parts = [(_("Sales"), statement.sales), (_("Refunds"), statement.refunds), (_("Payouts"), statement.payouts)] + ([(_("Others"), statement.others)] if statement.others else [])
    return [(_("Opening"), statement.opening), *((name, sum(line.amount for line in lines)) for name, lines in parts), (_("Closing"), statement.closing)]


def said(line):
    """What a line is about, in words."""
    return _("To %(iban)s", iban=line.what) if line.at else line.what


def _lines(statement):
    """[(kind, what, line)] in words."""
    named = ((_("Sale"), statement.sales), (_("Refund"), statement.refunds), (_("Payout"), statement.payouts))
    return [(kind, said(line), line) for kind, lines in named for line in lines] + [(_("Other"), reason(line.what), line) for line in statement.others]


def _ends(statement):
    """(name, day, cents) of the opening and the closing; the year's last day, or today."""
    last = (statement.last - timedelta(microseconds=1)).astimezone(statement.first.tzinfo).date()
    return (_("Opening"), statement.first.date(), statement.opening), (_("Closing"), last, statement.closing)


def _subtitle(first, last):
    return f"{written(first[1])} – {written(last[1])}"


def _payee(user, details):
    if details is None:
        return [(_("Name"), user.name)]
    place = f"{details.street}, {details.postal_code} {details.city}, {details.country}"
    return [(_("Name"), details.legal_name), (_("Address"), place), (_("Tax id"), details.tax_id)]


def _table(paper, heading, lines, zone):
    paper.heading(heading)
    if lines[0].at:
        rows = [[written(line.at.astimezone(zone).date()), said(line), line.reference, euros(line.amount)] for line in lines]
        paper.rows([_("Day"), _("What"), _("Reference"), "EUR"], rows, (18, 32, 30, 20), numbers=(3,))
    else:
        rows = [[reason(line.what) if heading == _("Others") else line.what, str(line.count), euros(line.amount)] for line in lines]
        paper.rows([_("What"), _("Number"), "EUR"], rows, (60, 15, 25), numbers=(1, 2))


def _amount(cents):
    return csv.amount(cents, 2)
