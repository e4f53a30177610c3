"""What the payment gateway tells us: the only thing that makes an order paid."""

from flask import Blueprint, request

from lms import clock, live
from lms.blueprints.checkout.gateway import gateway
from lms.db import transaction
from lms.domain.checkout import actions as checkout
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
    event = asked.parse_webhook(request.get_data(), request.headers.get("Payment-Signature", ""), clock.now())
    with transaction():
        order = checkout.receive(asked.name, event)
    if order:
        _announce(order)
    return {"received": event.id}


def _announce(order):
    if order.is_paid:
        enqueue("settlement.settle")
        live.push(order.teacher_id, "sales")
    live.push(order.buyer_id, f"receipt:{order.id}", "balance_chip", "balance", "activity")
