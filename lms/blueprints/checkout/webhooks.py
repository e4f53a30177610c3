"""What the payment gateway tells us: the only thing that makes an order paid."""

from flask import Blueprint, request

from lms import clock, live
from lms.blueprints.checkout.gateway import gateway
from lms.db import transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries
from lms.gateways.payments import LARGEST_BODY
from lms.queue import enqueue

blueprint = Blueprint("webhooks", __name__)


@blueprint.record_once
def _without_csrf(state):
    """The signature says who asks; a gateway has no form of ours."""
    state.app.extensions["csrf"].exempt(receive)


@blueprint.post("/webhooks/payments")
def receive():
    request.max_content_length = LARGEST_BODY
    asked = gateway()
    event = asked.parse_webhook(request.get_data(), request.headers.get(asked.signature_header, ""), clock.now())
    with transaction():
        order = checkout.receive(asked.name, event)
        # Read here: after the commit each read takes a connection again, and a push takes another.
        facts = order and (order.id, order.buyer_id, order.teacher_id if order.paid_at else None)
        needless = queries.needless(order) if order and order.is_paid else []
    if facts:
        _announce(*facts, needless)
    return {"received": event.id}


def _announce(order_id, buyer_id, paid_teacher_id, needless):
    if paid_teacher_id:
        enqueue("settlement.settle")
        live.push(paid_teacher_id, "sales")
    for closed_id in needless:  # nobody shall pay for the course once more by an old page
        enqueue("payments.close_page", closed_id)
    live.push(buyer_id, *[f"receipt:{each}" for each in (order_id, *needless)], *live.BALANCE)
