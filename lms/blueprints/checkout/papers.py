"""Invoices and credit notes as PDF: drawn when they are asked for, from what was frozen when they were issued."""

from datetime import UTC, datetime

from flask import Blueprint
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms.domain.checkout import papers, queries
from lms.errors import NotFound
from lms.formats.pdf import Paper
from lms.ui import download, euros, teo
from lms.ui.language import language
from lms.ui.times import written

blueprint = Blueprint("papers", __name__, url_prefix="/orders/<int(max=2147483647):order_id>")


@blueprint.get("/invoice.pdf")
@login_required
def invoice(order_id):
    return _file(_paper(order_id, papers.INVOICE), _("Invoice"))


@blueprint.get("/credit-note.pdf")
@login_required
def credit_note(order_id):
    return _file(_paper(order_id, papers.CREDIT_NOTE), _("Credit note"))


def _paper(order_id, kind):
    """The buyer's own, and any for an admin."""
    order = queries.order(order_id)
    found = papers.of_order(order_id).get(kind) if order and (order.buyer_id == current_user.id or current_user.is_admin) else None
    if found is None:
        raise NotFound("There is no such paper.")
    return found


def _file(paper, title):
    return download(_drawn(paper, title), f"{paper.kind.replace(' ', '-')}-{paper.number}.pdf", "application/pdf")


def _drawn(paper, title):
    facts, sign = paper.facts, -1 if paper.kind == papers.CREDIT_NOTE else 1
    page = Paper(f"{title} {paper.number}", _day(paper.issued_at), paper.issued_at, language().code, _("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s"))
    page.facts([(_("From"), _lines(*facts["seller"].values())), (_("To"), _lines(facts["buyer"]["name"], facts["buyer"]["email"])), *_references(paper)])
    page.rows([_("What"), facts["currency"]], [(what, euros(sign * cents)) for what, cents in _amounts(facts)], (75, 25), numbers=(1,), summed=True)
    page.note(_notes(facts))
    return page.bytes()


def _references(paper):
    facts = paper.facts
    yield _("Order"), facts["order"]
    yield _("Paid"), _day(datetime.fromisoformat(facts["paid_at"]))
    yield _("Payment"), facts["payment"]
    if "invoice" in facts:
        yield _("Takes back the invoice"), facts["invoice"]


def _amounts(facts):
    yield facts["course"], facts["list_price"]
    if facts["coupon_off"]:
        yield _("Coupon %(code)s", code=facts["coupon"]), -facts["coupon_off"]
    if facts["discount"]:
        yield _("Paid with %(amount)s TEO", amount=teo(facts["tokens"])), -facts["discount"]
    yield _("Net"), facts["cash"]
    yield _("VAT %(rate)s %%", rate=f"{facts['vat_bp'] / 100:g}"), facts["vat"]
    yield _("Total"), facts["total"]


def _day(moment):
    """The one of the number's year, whoever reads the paper and wherever he is."""
    return written(moment.astimezone(UTC).date())


def _notes(facts):
    said = _("By the rulebook, version %(number)s.", number=facts["rule_version"])
    return said if facts["vat"] else said + " " + _("No VAT is charged.")


def _lines(*parts):
    return "\n".join(part for part in parts if part)
