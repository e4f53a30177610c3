"""A member's own addresses: linked by a signed message, named, let go. And his wallet frozen by one click."""

from flask import Blueprint, current_app, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms import clock
from lms.blueprints.addresses.forms import AddressForm, LabelForm, PasswordForm, SignatureForm
from lms.blueprints.forms import status_of
from lms.blueprints.limits import limiter, logged_in_member
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import address_linking, linked_addresses
from lms.ui import render
from lms.ui.times import written

blueprint = Blueprint("addresses", __name__, url_prefix="/wallet")
GUESSES = "10 per hour"


@blueprint.get("/addresses")
@login_required
def index():
    return _index(AddressForm())


@blueprint.post("/addresses")
@login_required
@limiter.limit("30 per hour", key_func=logged_in_member)
def begin():
    """A message to sign for the address typed; one that looks like an address used before is shown beside it first."""
    form = AddressForm()
    if not form.validate_on_submit():
        return _index(form), 422
    twin = address_linking.look_alike(current_user, form.address.data)
    if twin and form.meant.data != form.address.data:
        return _index(form, twin=twin), 422
    with transaction():
        nonce = address_linking.challenge(current_user, form.address.data).nonce
    return redirect(url_for("addresses.sign", nonce=nonce), 303)


@blueprint.get("/addresses/messages/<nonce>")
@login_required
def sign(nonce):
    return _sign(nonce, SignatureForm())


@blueprint.post("/addresses/messages/<nonce>")
@login_required
def link(nonce):
    form = SignatureForm()
    if not form.validate_on_submit():
        return _sign(nonce, form), 422
    with transaction():
        address = address_linking.link(current_user, nonce, form.signature.data, _site(), current_app.config["CHAIN_ID"])
        usable_at = rulebook.in_force().usable_at(address.linked_at)
    flash(_("The address is linked. TEO can be sent there from %(moment)s on.", moment=written(usable_at)), "done")
    return redirect(url_for("addresses.index"), 303)


@blueprint.route("/addresses/<int(max=2147483647):linked_id>", methods=["GET", "POST"])
@login_required
def change(linked_id):
    """Give it a name of one's own."""
    found, form = linked_addresses.own(current_user, linked_id), LabelForm()
    if not form.validate_on_submit():
        return render("addresses/show.html", found=found, label=LabelForm(obj=found) if not form.is_submitted() else form, removal=PasswordForm(formdata=None, prefix="removal-")), status_of(form)
    with transaction():
        address_linking.name(current_user, found, form.label.data)
    return redirect(url_for("addresses.index"), 303)


@blueprint.post("/addresses/<int(max=2147483647):linked_id>/removal")
@login_required
@limiter.limit(GUESSES, key_func=logged_in_member)
def remove(linked_id):
    found, form = linked_addresses.own(current_user, linked_id), PasswordForm(prefix="removal-")
    if not form.validate_on_submit():
        return render("addresses/show.html", found=found, label=LabelForm(formdata=None, obj=found), removal=form), 422
    with transaction():
        accounts.confirm_password(current_user, form.password.data)
        address_linking.remove(current_user, found)
    flash(_("The address is not linked any more."), "done")
    return redirect(url_for("addresses.index"), 303)


@blueprint.post("/freeze")
@login_required
def freeze():
    """At once and without a question: who is afraid for his wallet has no time."""
    with transaction():
        accounts.freeze(current_user)
        notices.tell(current_user.id, "wallet frozen", current_user.frozen_at.isoformat())
    flash(_("Your wallet is frozen: nothing leaves it."), "done")
    return redirect(url_for("addresses.frozen"), 303)


@blueprint.get("/freeze")
@login_required
def frozen():
    return render("addresses/frozen.html", form=PasswordForm())


@blueprint.post("/thaw")
@login_required
@limiter.limit(GUESSES, key_func=logged_in_member)
def thaw():
    form = PasswordForm()
    if not form.validate_on_submit():
        return render("addresses/frozen.html", form=form), 422
    frozen_at = current_user.frozen_at
    with transaction():
        accounts.unfreeze(current_user, form.password.data)
        if frozen_at:
            notices.tell(current_user.id, "wallet thawed", frozen_at.isoformat())
    flash(_("Your wallet is not frozen any more."), "done")
    return redirect(url_for("wallet.show"), 303)


def _index(form, twin=None):
    now = clock.now()
    wallets = [(each, since, since > now) for each, since in linked_addresses.with_first_use(current_user)]
    return render("addresses/index.html", form=form, twin=twin, wallets=wallets, rules=rulebook.in_force())


def _sign(nonce, form):
    made = address_linking.waiting(current_user, nonce)
    return render("addresses/sign.html", made=made, form=form, text=address_linking.message(made, _site(), current_app.config["CHAIN_ID"]))


def _site():
    return current_app.config["BASE_URL"]
