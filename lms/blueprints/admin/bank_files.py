"""Files for the bank: what is approved is exported, handed out, and marked as the bank pays it."""

from flask import Blueprint, current_app, flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from lms.blueprints.admin.forms import ExportForm, PaidForm, ReturnedPayoutForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.withdrawals import bank_file_queries as queries
from lms.domain.withdrawals import bank_files, payout_queries
from lms.errors import DomainError, Invalid, NotFound
from lms.formats.sepa import LONGEST_NAME, Payer
from lms.ui import download, render

blueprint = Blueprint("bank_files", __name__, url_prefix="/bank-files")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):bank_file_id>"


@blueprint.get("/")
def index():
    found = queries.page(page_number())
    return render("admin/bank_files.html", files=found, sums=queries.sums(found.items), counts=payout_queries.counts())


@blueprint.post("/")
@proven
def create():
    form = ExportForm()
    if not form.validate_on_submit():
        raise Invalid("This form lacks its key. Load the page again.")
    with transaction():
        bank_file = bank_files.export(form.key.data, current_user, _payer())
    flash(_("The file is made. Save it, and give it to the bank."), "done")
    return _back(bank_file.id)


@blueprint.get(ONE)
def show(bank_file_id):
    return _page(_file(bank_file_id))


@blueprint.post(f"{ONE}/content")
@proven
def save(bank_file_id):
    """A POST, since it is noted in the audit log."""
    bank_file = _file(bank_file_id)
    with transaction():
        content = bank_files.hand_out(bank_file, current_user)
    return download(content, bank_file.filename, "application/xml")


@blueprint.post(f"{ONE}/payment")
@proven
def mark_paid(bank_file_id):
    bank_file, form = _file(bank_file_id), PaidForm(prefix="paid")
    if not form.validate_on_submit():
        return _page(bank_file, payment=form), 422
    with transaction():
        count = bank_files.mark_paid(bank_file, current_user, form.reference.data)
    flash(ngettext("%(num)d payout is marked as paid.", "%(num)d payouts are marked as paid.", count), "done")
    return _back(bank_file_id)


@blueprint.post(f"{ONE}/return")
@proven
def mark_returned(bank_file_id):
    bank_file, form = _file(bank_file_id), ReturnedPayoutForm(prefix="return")
    if not form.validate_on_submit():
        return _page(bank_file, returning=form), 422
    with transaction():
        count = bank_files.mark_returned(bank_file, current_user, form.reason.data)
    flash(ngettext("%(num)d payout came back.", "%(num)d payouts came back.", count), "done")
    return _back(bank_file_id)


def _payer():
    config = current_app.config
    if not config["PAYER_IBAN"]:
        raise DomainError("No account to pay from is set: whoever runs the platform sets PAYER_IBAN and PAYER_BIC.")
    return Payer(config["SELLER_NAME"], config["PAYER_IBAN"], config["PAYER_BIC"])


def _page(bank_file, **forms):
    """`forms` are those that lack something."""
    facts = dict(lines=queries.lines(bank_file, page_number()), sums=queries.sums([bank_file])[bank_file.id], payable=queries.payable_sum(bank_file, current_user))
    empty = dict(payment=PaidForm(formdata=None, prefix="paid"), returning=ReturnedPayoutForm(formdata=None, prefix="return"))
    return render("admin/bank_file.html", file=bank_file, longest=LONGEST_NAME, **facts, **empty | forms)


def _file(bank_file_id):
    found = queries.bank_file(bank_file_id)
    if found is None:
        raise NotFound("There is no such bank file.")
    return found


def _back(bank_file_id):
    return redirect(url_for("admin.bank_files.show", bank_file_id=bank_file_id), 303)
