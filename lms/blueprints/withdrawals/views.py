"""TEO on their way to an address of the member's own: asked for, followed, cancelled."""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms import clock, live
from lms.blueprints.fields import new_key
from lms.blueprints.paging import page_number
from lms.blueprints.withdrawals.forms import CancelForm, QuoteForm, WithdrawalForm, written
from lms.db import transaction
from lms.domain.onchain import figures
from lms.domain.onchain import queries as onchain
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import linked_addresses
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import limits, queries, quotes, review
from lms.errors import NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("withdrawals", __name__, url_prefix="/wallet/withdrawals")

ONE = "/<int(max=2147483647):withdrawal_id>"


@blueprint.get("")
@login_required
def index():
    return render("withdrawals/index.html", withdrawals=queries.of(current_user.id, page_number()))


@blueprint.get("/new")
@login_required
def create():
    """The form with what the address asks for, and the quote of it; `all` asks for all that is available, as far as one withdrawal may go."""
    asked = request.args.copy()
    if "all" in asked:
        asked["amount"] = written(min(wallet.balance(current_user.id).available, rulebook.in_force().withdrawal_highest))
    form = QuoteForm(_usable(), formdata=asked if asked.get("amount") else None, data=_chosen(asked), meta={"csrf": False})
    return _page(form, asks=bool(asked.get("amount")))


@blueprint.post("/new")
@login_required
def place():
    form = WithdrawalForm(_usable())
    if not form.validate() or _obstacle(form):
        return _page(form, asks=True), 422
    with transaction():
        withdrawal = withdrawals.request(form.key.data, current_user, form.wallet.data, form.amount.data, form.is_prompt)
        user_id, withdrawal_id = current_user.id, withdrawal.id
    enqueue("withdrawals.check")
    live.push(user_id, *live.BALANCE)
    return redirect(url_for("withdrawals.show", withdrawal_id=withdrawal_id), 303)


@blueprint.get(ONE)
@login_required
def show(withdrawal_id):
    return render("withdrawals/show.html", "withdrawal", withdrawal=_own(withdrawal_id))


@blueprint.route(f"{ONE}/cancel", methods=["GET", "POST"])
@login_required
def cancel(withdrawal_id):
    """What cancelling does, said before; then it is done."""
    withdrawal, form = _own(withdrawal_id), CancelForm()
    if not form.validate_on_submit():
        return render("withdrawals/cancel.html", "form", withdrawal=withdrawal, form=form)
    with transaction():
        withdrawals.cancel(withdrawal)
        user_id = withdrawal.user_id
    live.push(user_id, f"withdrawal:{withdrawal_id}", *live.BALANCE)
    flash(_("Cancelled. All of it is available to you again."), "done")
    return redirect(url_for("withdrawals.show", withdrawal_id=withdrawal_id), 303)


def _page(form, asks):
    """`asks`: an amount was said, so that there is something to quote or to refuse."""
    is_valid = asks and form.validate()
    facts = _facts(form) if is_valid else {}
    waiting = [(each, since) for each, since in linked_addresses.with_first_use(current_user) if each not in form.linked]
    member = dict(available=wallet.balance(current_user.id).available, waiting=waiting, lacks_details=limits.lacks_details(current_user))
    about = dict(rules=rulebook.in_force(), deployment=onchain.deployment(), fine=figures.euros, **member)
    key = form.key.data if "key" in form else new_key()
    return render("withdrawals/create.html", "quote", form=form, key=key, asks=asks, is_valid=is_valid, **about, **facts)


def _usable():
    """The member's addresses to which something may be sent now."""
    now = clock.now()
    return [each for each, since in linked_addresses.with_first_use(current_user) if since <= now]


def _chosen(asked):
    return {name: asked[name] for name in ("wallet", "when") if name in asked}


def _facts(form):
    """What stands in the way of what is asked for, or what it takes."""
    amount = form.amount.data
    flags = review.foreseen(current_user, amount)
    return dict(refusal=_obstacle(form), quote=quotes.quote(current_user.id, amount), flags=flags, price=current_app.config["POL_PRICE_EUR"])


def _obstacle(form):
    """Why it would be refused now, or None. The verb looks again, under its lock."""
    available, key = wallet.balance(current_user.id).available, form.key.data if "key" in form else None
    return limits.obstacle(current_user, form.amount.data, available, rulebook.in_force(), key)


def _own(withdrawal_id):
    found = queries.own(current_user.id, withdrawal_id)
    if found is None:
        raise NotFound("There is no such withdrawal.")
    return found
