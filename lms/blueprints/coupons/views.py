"""A teacher's coupons: made, watched, stopped."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.access import teachers_only
from lms.blueprints.coupons.forms import CouponForm
from lms.blueprints.paging import page_number
from lms.db import transaction
from lms.domain.checkout import coupons
from lms.domain.courses import queries as courses
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("coupons", __name__, url_prefix="/teach/coupons")
blueprint.before_request(teachers_only)


@blueprint.get("/")
def index():
    return _page(_form())


@blueprint.post("/")
def create():
    form = _form()
    if not form.validate_on_submit():
        return _page(form), 422
    with transaction():
        code = coupons.create(current_user, **form.facts()).code
    flash(_("The coupon %(code)s is there.", code=code), "done")
    return redirect(url_for("coupons.index"), 303)


@blueprint.post("/<int(max=2147483647):coupon_id>/stop")
def stop(coupon_id):
    coupon = coupons.own(current_user.id, coupon_id)
    if coupon is None:
        raise NotFound("There is no such coupon of yours.")
    with transaction():
        coupons.stop(coupon)
    flash(_("Nobody can take this coupon any more."), "done")
    return redirect(url_for("coupons.index"), 303)


def _form():
    return CouponForm(courses.for_sale_by(current_user.id), current_user.time_zone)


def _page(form):
    return render("coupons/index.html", form=form, coupons=coupons.of_teacher(current_user.id, page_number()))
