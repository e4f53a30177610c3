"""What a member has, where it stands, and what moved."""

from functools import cache

from flask import Blueprint, abort, request, session
from flask_login import current_user, login_required
from werkzeug.local import LocalProxy

from lms.db import db
from lms.domain.accounts.actions import token_hash
from lms.domain.wallet import queries as wallet
from lms.ui import render

blueprint = Blueprint("wallet", __name__)


@blueprint.before_request
def read_only():
    """Nothing is written here, so each statement stands alone: no BEGIN and ROLLBACK to wait for."""
    if request.endpoint == "wallet.show" and not db.session().in_transaction():
        db.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


@blueprint.get("/wallet")
@login_required
def show():
    before = request.args.get("before", type=_transfer_id)
    if before:
        movements = wallet.movements(current_user.id, before=before)
        return render("wallet/older.html", "activity", movements=movements, older=wallet.older(movements))
    overview, movements = wallet.overview_and_movements(current_user.id)
    facts = dict(overview=overview, chip_balance=overview.balance.available)
    return render("wallet/show.html", "activity", movements=movements, older=wallet.older(movements), **facts)


@blueprint.get("/wallet/balance.json")
def balance():
    """The parts of the balance in millionths of TEO. It is asked often, so the sign-in is checked by the same statement."""
    found = wallet.balance_of_sign_in(token_hash(session.get("_user_id", "")))
    if found is None:
        abort(401)
    return found.as_dict(), {"Cache-Control": "private, no-store"}


@blueprint.app_context_processor
def chip():
    """The balance in the page's head, read when the page shows it and has not read it itself."""
    return {"chip_balance": LocalProxy(cache(lambda: wallet.balance(current_user.id).available))}


def _transfer_id(text):
    number = int(text)
    if not 0 < number < 2**62:
        raise ValueError(text)
    return number
