"""Buying a course: the terms, the order, and what has become of it."""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms import live
from lms.blueprints.checkout import papers as documents
from lms.blueprints.checkout import webhooks
from lms.blueprints.checkout.forms import ConfirmForm, PurchaseForm
from lms.blueprints.checkout.gateway import gateway
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.paging import page_number
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries, refunds
from lms.domain.checkout.coupons import LONGEST_CODE
from lms.domain.checkout.offers import offer
from lms.domain.checkout.receipts import receipt
from lms.domain.checkout.terms import obstacle, order_looked_at
from lms.domain.courses import queries as courses
from lms.domain.learning import queries as enrolments
from lms.domain.rewards import queries as rewards
from lms.errors import NotFound, Unavailable
from lms.gateways.payments import Purchase
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("checkout", __name__)
blueprint.register_blueprint(webhooks.blueprint)
blueprint.register_blueprint(documents.blueprint)

# Whoever tries codes to find those of others is soon stopped; without a code one looks and buys as often as one likes.
guesses = limiter.shared_limit("60 per 5 minutes", "coupons", key_func=logged_in_member, exempt_when=lambda: not _names_a_code())
ORDER = "/orders/<int(max=2147483647):order_id>"


@blueprint.get("/courses/<slug>/checkout")
@login_required
@guesses
def create(slug):
    """The terms, with what the address asks for: `level` of the price in TEO (basis points) and a coupon's `code`."""
    asked = dict(level=request.args.get("level", 0, type=int), code=request.args.get("code", "")[:LONGEST_CODE])
    return _page(_course(slug), PurchaseForm(formdata=None, **asked))


@blueprint.post("/courses/<slug>/checkout")
@login_required
@guesses
def place(slug):
    """The order of what the form says; its button "Apply" only asks what that costs."""
    course, form = _course(slug), PurchaseForm()
    if "quote" in request.form:
        return redirect(url_for("checkout.create", slug=slug, level=form.level.data, code=form.code.data), 303)
    if not form.validate_on_submit() or _offer(course, form).refusal:
        return _page(course, form), 422
    if not gateway().is_open:
        raise Unavailable("Payments are not open yet.")
    asked = dict(level_bp=form.level.data, code=form.code.data)
    with transaction():
        order = checkout.place_order(current_user, course, form.key.data, current_app.config["VAT_RATE"], **asked)
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
    return render("checkout/index.html", orders=orders, looked_at=queries.looked_at(orders.items), bought=queries.bought(orders.items))


@blueprint.route(f"{ORDER}/cancel", methods=["GET", "POST"])
@login_required
def cancel(order_id):
    """What cancelling an order that is not paid gives back, said before; then it is done, and its payment page is closed."""
    found, form = _receipt(order_id), ConfirmForm()
    if not form.validate_on_submit():
        return render("checkout/cancel.html", "form", order=found.order, is_looked_at=found.is_looked_at, form=form)
    with transaction():
        buyer_id = checkout.cancel(found.order).buyer_id
    enqueue("payments.close_page", order_id)
    live.push(buyer_id, f"receipt:{order_id}", *live.BALANCE)
    flash(_("The order is cancelled. Should a payment be on its way all the same, it is not lost."), "done")
    return redirect(url_for("checkout.show", order_id=order_id), 303)


@blueprint.route(f"{ORDER}/refund", methods=["GET", "POST"])
@login_required
def refund(order_id):
    """What a refund takes back, said before; then it is done."""
    order, form = _receipt(order_id).order, ConfirmForm()
    if not form.validate_on_submit():
        refusal = refunds.obstacle(order, enrolments.enrolment(order.buyer_id, order.course_id))
        return render("checkout/refund.html", "form", order=order, form=form, preview=refunds.preview(order), refusal=refusal)
    with transaction():
        order = refunds.refund(order)
        told = order.buyer_id, order.teacher_id
    enqueue("settlement.settle")
    enqueue("payments.sweep")
    live.push(told[0], f"receipt:{order_id}", *live.BALANCE)
    live.push(told[1], "sales")
    flash(_("The refund is on its way: the course is given back."), "done")
    return redirect(url_for("checkout.show", order_id=order_id), 303)


def _names_a_code():
    """In the address or in the form; in JSON, which a form reads as well and no page of ours sends, whatever it holds."""
    return request.is_json or request.values.get("code")


def _offer(course, form):
    return offer(course, current_user, current_app.config["VAT_RATE"], form.level.data, form.code.data, form.key.data)


def _page(course, form):
    refusal = obstacle(current_user, course)
    found = _offer(course, form)
    facts = dict(
        offer=found,
        terms=found.terms,
        refusal=refusal,
        enrolled=refusal and enrolments.enrolment(current_user.id, course.id),
        looked_at=refusal and order_looked_at(current_user, course),
        comes_back=rewards.was_taken_back(current_user.id, course.id),
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
    facts = dict(expires_at=order.placed_at + checkout.ORDER_LIFE, key=f"order:{order.id}", email=order.buyer.email, locale=str(get_locale()))
    purchase = Purchase(order.id, order.total, order.currency, order.course.title, **facts)
    db.session.rollback()  # a gateway may hang, and then no connection hangs with it
    return gateway().payment_page(purchase, back)
