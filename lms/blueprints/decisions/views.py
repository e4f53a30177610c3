"""Who gets the TEO of a discount: a teacher's standing policy, and his word on single sales."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.access import teachers_only
from lms.blueprints.decisions.forms import ExampleForm, PolicyForm
from lms.blueprints.forms import status_of
from lms.blueprints.paging import page_number
from lms.db import transaction
from lms.domain.checkout import queries, sale_forecasts, splits
from lms.domain.rulebook import queries as rulebook
from lms.errors import Invalid, NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("decisions", __name__, url_prefix="/teach")
blueprint.before_request(teachers_only)

ANSWERS = {"accept": True, "decline": False}


@blueprint.get("/decisions")
def index():
    found = queries.decisions_of(current_user.id, page_number())
    return render("decisions/index.html", "decisions", sales=found, splits=sale_forecasts.either_way(found.items), policy=splits.policy_of(current_user.id))


@blueprint.post("/decisions/<int(max=2147483647):order_id>")
def decide(order_id):
    order = queries.sale(current_user.id, order_id)
    if order is None:
        raise NotFound("There is no such sale of yours.")
    answer = request.form.get("answer")
    if answer not in ANSWERS:
        raise Invalid("Say whether you take the TEO or the euros.")
    with transaction():
        splits.decide(order, current_user, ANSWERS[answer])
        user_id = current_user.id
    live.push(user_id, "sales", *live.BALANCE)
    enqueue("settlement.settle")
    flash(_("Decided. You may change it until the time to decide is over."), "done")
    return redirect(url_for("decisions.index"), 303)


@blueprint.route("/policy", methods=["GET", "POST"])
def policy():
    rules = rulebook.in_force()
    form = PolicyForm(rules.discount_levels_bp, splits.policy_of(current_user.id))
    if not form.validate_on_submit():
        return render("decisions/policy.html", "example", form=form, **_examples(rules)), status_of(form)
    with transaction():
        splits.set_policy(current_user, form.up_to_bp)
    flash(_("Your policy is saved. It holds for sales from now on."), "done")
    return redirect(url_for("decisions.policy"), 303)


def _examples(rules):
    """What each level brings either way, at the price asked for where it is one."""
    asked = ExampleForm(request.args, meta={"csrf": False})
    shown = sale_forecasts.examples(current_user.id, rules, asked.price.data if asked.validate() else None)
    return dict(asked=asked, rules=rules, **shown._asdict())
