"""Buying a course: the terms, the order, and what has become of it."""

from flask import Blueprint, current_app, redirect, url_for
from flask_login import current_user, login_required

from lms.blueprints.checkout import webhooks
from lms.blueprints.checkout.forms import PurchaseForm
from lms.blueprints.checkout.gateway import gateway
from lms.blueprints.readers import page_number
from lms.db import transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries
from lms.domain.checkout.receipts import receipt
from lms.domain.checkout.terms import obstacle, order_looked_at, terms
from lms.domain.courses import queries as courses
from lms.domain.learning import queries as enrolments
from lms.errors import NotFound, Unavailable
from lms.gateways.payments import Purchase
from lms.ui import render

blueprint = Blueprint("checkout", __name__)
blueprint.register_blueprint(webhooks.blueprint)

ORDER = "/orders/<int(max=2147483647):order_id>"


@blueprint.get("/courses/<slug>/checkout")
@login_required
def create(slug):
    return _page(_course(slug), PurchaseForm())


@blueprint.post("/courses/<slug>/checkout")
@login_required
def place(slug):
    course, form = _course(slug), PurchaseForm()
    if not form.validate_on_submit():
        return _page(course, form), 422
    if not gateway().is_open:
        raise Unavailable("Payments are not open yet.")
    with transaction():
        order = checkout.place_order(current_user, course, form.key.data, current_app.config["VAT_RATE"])
    return redirect(_payment_page(order) if order.is_open else url_for("checkout.show", order_id=order.id), 303)


@blueprint.get(ORDER)
@login_required
def show(order_id):
    return render("checkout/show.html", "receipt", receipt=_receipt(order_id))


@blueprint.get(f"{ORDER}/pay")
@login_required
def pay(order_id):
    """Back to the payment page of an order that waits; for any other its own page says why not."""
    order = _receipt(order_id).order
    return redirect(_payment_page(order) if order.is_open else url_for("checkout.show", order_id=order.id), 303)


@blueprint.get("/orders")
@login_required
def index():
    orders = queries.orders_of(current_user.id, page_number())
    return render("checkout/index.html", orders=orders, looked_at=queries.looked_at(orders.items))


def _page(course, form):
    offer = terms(course, current_app.config["VAT_RATE"])
    refusal = obstacle(current_user, course)
    facts = dict(
        terms=offer,
        refusal=refusal,
        enrolled=refusal and enrolments.enrolment(current_user.id, course.id),
        looked_at=refusal and order_looked_at(current_user, course),
        is_open=gateway().is_open,
    )
    return render("checkout/create.html", "form", course=course, form=form, **facts)


def _course(slug):
    course = courses.by_slug(slug)
    if course is None or not (course.is_published or course.teacher_id == current_user.id):
        raise NotFound("There is no such course.")
    return course


def _receipt(order_id):
    found = receipt(current_user, order_id)
    if found is None:
        raise NotFound("There is no such order.")
    return found


def _payment_page(order):
    back = url_for("checkout.show", order_id=order.id, _external=True)
    return gateway().payment_page(Purchase(order.id, order.total, order.currency, order.course.title), back)
