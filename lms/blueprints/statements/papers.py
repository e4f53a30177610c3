"""A Statement as CSV, with every digit for a spreadsheet, and as PDF, as people read amounts."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from lms.domain.wallet.statements import DEBT, PARTS
from lms.formats import csv
from lms.formats.pdf import Paper
from lms.ui.language import language
from lms.ui.money import fine_teo
from lms.ui.times import written
from lms.ui.words import reason


def table(statement, user):
    """The bytes of the CSV: opening, a row for each line, closing; amounts in TEO with six decimals."""
    head = [_("Time"), _("What"), _("About"), _("From"), _("To"), _("Change"), _("Moved within"), _("Total"), _("Rulebook"), _("Number")]
    opening = [statement.first.isoformat(), _("Opening"), *[""] * 5, _amount(statement.opening_total), "", ""]
    closing = [statement.last.isoformat(), _("Closing"), *[""] * 5, _amount(statement.closing_total), "", ""]
    return csv.write([head, opening, *(_row(line, user) for line in statement.lines), closing])


def paper(statement, user):
    """The bytes of the PDF."""
    days = f"{written(statement.first)} – {written(statement.last)}"
    at = datetime.combine(statement.last, time.max, ZoneInfo(user.time_zone)).replace(microsecond=0)
    page = Paper(_("Statement of TEO"), f"{user.name} · {user.email} · {days}", at, language().code, _("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s"))
    page.rows(["TEO", _("Opening"), _("Closing")], list(_parts(statement)), (40, 30, 30), numbers=(1, 2), summed=True)
    page.heading(_("Lines"))
    rows = [(written(line.at), reason(line.reason), about(line), fine_teo(line.amount or line.moved, plus=line.amount != 0), fine_teo(line.total)) for line in statement.lines]
    page.rows([_("Time"), _("What"), _("About"), "TEO", _("Total")], rows or [("", _("Nothing moved in these days."), "", "", "")], (26, 20, 24, 15, 15), numbers=(3, 4))
    page.note(_("Opening and all lines together make the closing. An amount without a sign moved between parts of your own."))
    return page.bytes()


def about(line):
    """What a line is about, in a few words."""
    evidence = line.evidence
    return evidence.get("lesson") or evidence.get("course") or evidence.get("to") or ""


def part_word(name):
    """A part of the balance in a word."""
    words = {"available": _("available"), "maturing": _("maturing"), "staked": _("staked"), "unbonding": _("unbonding"), "reserved": _("reserved"), DEBT: _("owed"), "": ""}
    return words[name]


def _row(line, user):
    moment = line.at.astimezone(ZoneInfo(user.time_zone)).isoformat(timespec="seconds")
    moved = "" if line.amount else _amount(line.moved)
    change = _amount(line.amount) if line.amount else ""
    return [moment, reason(line.reason), about(line), part_word(line.source), part_word(line.target), change, moved, _amount(line.total), line.rule_version, line.id]


def _parts(statement):
    for name in (*PARTS, DEBT):
        if name != DEBT or statement.opening[name] or statement.closing[name]:
            yield part_word(name), fine_teo(statement.opening[name]), fine_teo(statement.closing[name])
    yield _("Total"), fine_teo(statement.opening_total), fine_teo(statement.closing_total)


def _amount(micro):
    return csv.amount(micro, 6)
