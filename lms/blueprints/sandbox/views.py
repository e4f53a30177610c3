"""The sandbox gateway's hosted payment page. It stands where a provider's site would, so it knows nothing but its token."""

from flask import Blueprint, current_app, redirect, request, url_for

from lms.blueprints.sandbox.forms import MEANINGS, CardForm, ChallengeForm
from lms.errors import NotFound
from lms.gateways import payment_gateway
from lms.gateways.sandbox_cards import CARDS, DECLINED, SUCCEEDS
from lms.ui import render

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox/pay")


@blueprint.get("/<token>")
def show(token):
    page = _page(token)
    return _closed(page) or _show(page, CardForm(card=request.args.get("card", SUCCEEDS.number)))


@blueprint.post("/<token>")
def pay(token):
    page, form = _page(token), CardForm()
    if closed := _closed(page):
        return closed
    if not form.validate_on_submit():
        return _show(page, form), 422
    card = CARDS[form.card.data]
    if card.needs_challenge:
        return redirect(url_for("sandbox.challenge", token=token), 303)
    return _paid(page, card)


@blueprint.get("/<token>/challenge")
def challenge(token):
    page = _page(token)
    return _closed(page) or render("sandbox/challenge.html", page=page, form=ChallengeForm())


@blueprint.post("/<token>/challenge")
def answer(token):
    page, form = _page(token), ChallengeForm()
    if closed := _closed(page):
        return closed
    if not form.validate_on_submit():
        return render("sandbox/challenge.html", page=page, form=form), 422
    confirmed = request.form.get("answer") == "confirm"
    return _paid(page, SUCCEEDS if confirmed else DECLINED)


def _closed(page):
    """What stands in place of a page where nobody can pay any longer; None while somebody can."""
    return (render("sandbox/closed.html", page=page), 410) if _sandbox().is_closed(page) else None


def _show(page, form):
    return render("sandbox/pay.html", page=page, form=form, cards=CARDS.values(), meanings=MEANINGS)


def _paid(page, card):
    _sandbox().pay(page, card)
    return redirect(page.return_url, 303)


def _page(token):
    page = _sandbox().page(token)
    if page is None:
        raise NotFound("There is no such payment page.")
    return page


def _sandbox():
    return payment_gateway(current_app.config)
