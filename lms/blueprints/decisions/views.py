"""Who gets the TEO of a discount: a teacher's standing policy, and his word on single sales."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.decisions.forms import ExampleForm, PolicyForm
from lms.blueprints.readers import page_number, teachers_only
from lms.db import transaction
from lms.domain.checkout import queries, splits
from lms.domain.courses import queries as courses
from lms.domain.ledger import queries as ledger
from lms.domain.ledger.models import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Split
from lms.errors import Invalid, NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("decisions", __name__, url_prefix="/teach")
blueprint.before_request(teachers_only)

ANSWERS = {"accept": True, "decline": False}
EXAMPLE = 10_000  # cents, where a teacher sells nothing yet


@dataclass(frozen=True)
class Example:
    """A discount of `level_bp` on a sale, decided either way."""

    level_bp: int
    discount: int
    declined: Split
    accepted: Split


@blueprint.get("/decisions")
def index():
    found = queries.decisions_of(current_user.id, page_number())
    return render("decisions/index.html", "decisions", sales=found, splits=_either_way(found.items), policy=splits.policy_of(current_user.id))


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
    live.push(user_id, "sales", "balance_chip", "balance", "activity")
    enqueue("settlement.settle")
    flash(_("Decided. You may change it until the day is over."), "done")
    return redirect(url_for("decisions.index"), 303)


@blueprint.route("/policy", methods=["GET", "POST"])
def policy():
    rules = rulebook.in_force()
    form = PolicyForm(rules.discount_levels_bp, splits.policy_of(current_user.id))
    if not form.validate_on_submit():
        return render("decisions/policy.html", "example", form=form, **_examples(rules)), 422 if form.is_submitted() else 200
    with transaction():
        splits.set_policy(current_user, form.up_to_bp)
    flash(_("Your policy is saved. It holds for sales from now on."), "done")
    return redirect(url_for("decisions.policy"), 303)


def _either_way(orders):
    """{order id: {whether the TEO are taken: the Split}}, each by the rulebook its order froze."""
    rules = {number: rulebook.version(number) for number in {order.rule_version for order in orders}}
    return {order.id: {taken: rules[order.rule_version].split(order.price, order.share, order.discount, taken) for taken in (False, True)} for order in orders}


def _examples(rules):
    """What each level brings either way by his tier of today, at the price asked for or that of the teacher's dearest course."""
    asked = ExampleForm(request.args, meta={"csrf": False})
    price = asked.price.data if asked.validate() and asked.price.data else courses.dearest(current_user.id) or EXAMPLE
    tier = rules.tier(ledger.member(current_user.id, TEO, "staked").balance)
    share = rules.teacher_share(price, tier)
    levels = [(level, rules.discount(price, level)) for level in rules.discount_levels_bp]
    made = [Example(level, off, rules.split(price, share, off, False), rules.split(price, share, off, True)) for level, off in levels]
    return dict(asked=asked, price=price, tier=tier, examples=made, bonus_bp=rules.accept_bonus_bp)
