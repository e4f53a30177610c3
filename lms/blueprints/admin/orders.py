"""Orders found, and one with everything that was paid and brought, and its refund in the buyer's place."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.admin.forms import RefundForm
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import papers, refund_desk, refund_queries, refunds
from lms.domain.learning import queries as enrolments
from lms.domain.rulebook import queries as rulebook
from lms.errors import NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("orders", __name__, url_prefix="/orders")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):order_id>"


@blueprint.get("")
def index():
    word, state = request.args.get("q", "").replace("\x00", "").strip()[:200], request.args.get("state", "")
    buyer, teacher = _member("buyer"), _member("teacher")
    found = refund_queries.orders(word, state, buyer and buyer.id, teacher and teacher.id, page_number())
    return render("admin/orders.html", orders=found, word=word, state=state, buyer=buyer, teacher=teacher)


@blueprint.get(ONE)
def show(order_id):
    return _page(_order(order_id), RefundForm(formdata=None, prefix="refund"))


@blueprint.post(f"{ONE}/refund")
@proven
def refund(order_id):
    order, form = _order(order_id), RefundForm(prefix="refund")
    if not form.validate_on_submit():
        return _page(order, form), 422
    with transaction():
        order = refund_desk.refund(order, current_user, form.reason.data)
        buyer_id, teacher_id = order.buyer_id, order.teacher_id
    enqueue("settlement.settle")
    enqueue("payments.sweep")
    live.push(buyer_id, f"receipt:{order_id}", *live.BALANCE)
    live.push(teacher_id, "sales")
    flash(_("The order is refunded, and its money is on its way."), "done")
    return redirect(url_for("admin.orders.show", order_id=order_id), 303)


def _member(name):
    """Whose orders are asked for, or None."""
    number = request.args.get(name, "")
    if not number:
        return None
    found = accounts.by_id(int(number)) if number.isdecimal() and len(number) < 10 else None
    if found is None:
        raise NotFound("There is no such member.")
    return found


def _page(order, form):
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    facts = dict(enrolment=enrolment, grants=enrolments.rewards_of(enrolment) if enrolment else [], papers=papers.of_order(order.id))
    facts |= dict(preview=refunds.preview(order), refusal=refund_desk.obstacle(order, enrolment, current_user), rules=rulebook.version(order.rule_version))
    return render("admin/order.html", order=order, form=form, trail=refund_queries.trail(order), **facts)


def _order(order_id):
    found = refund_queries.order(order_id)
    if found is None:
        raise NotFound("There is no such order.")
    return found
