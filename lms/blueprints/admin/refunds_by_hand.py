"""Parts of payments that somebody sent back by the gateway's own pages: an admin says what they were."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import live
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.audit import actions as watch
from lms.domain.audit import queries as audit
from lms.domain.checkout import refund_outbox, refunds_by_hand
from lms.errors import NotFound
from lms.queue import enqueue

blueprint = Blueprint("by_hand", __name__, url_prefix="/refunds-by-hand")  # of admins only, as the blueprint it stands in

ONE = "/<int(max=2147483647):row_id>"


@blueprint.post(f"{ONE}/loss")
@proven
def bear(row_id):
    part = _part(row_id)
    with transaction():
        refunds_by_hand.bear(part, current_user)
        _close(part, _("Booked as the platform's; the sale stays."))
    return _done(_("The platform bears it, and the sale stays as it is."))


@blueprint.post(f"{ONE}/reversal")
@proven
def reverse(row_id):
    part = _part(row_id)
    order = part.payment.order
    with transaction():
        refund_outbox.take_sale_back(part, current_user)
        _close(part, _("The sale was taken back, and the rest is on its way."))
        buyer_id, teacher_id, order_id = order.buyer_id, order.teacher_id, order.id
    live.push(buyer_id, f"receipt:{order_id}", *live.BALANCE)
    live.push(teacher_id, "sales")
    enqueue("payments.sweep")
    enqueue("settlement.settle")
    return _done(_("The sale is taken back, and the rest of the money is on its way."))


def _close(part, note):
    incident = audit.open_one(refund_outbox.NOT_OURS, f"{part.payment.gateway}:{part.reference}")
    if incident:
        watch.close_incident(incident, current_user, note)


def _done(sentence):
    flash(sentence, "done")
    return redirect(url_for("admin.incidents"), 303)


def _part(row_id):
    found = refunds_by_hand.row(row_id)
    if found is None:
        raise NotFound("There is no such refund.")
    return found
