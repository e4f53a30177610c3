"""What we ask of the payment gateway: refunds, closed pages, and once a day its books. It may hang, so no transaction is open meanwhile."""

import logging
from datetime import timedelta

from flask import current_app

from lms import clock, live
from lms.db import db, transaction
from lms.domain.checkout import gateway_comparison, queries, refund_outbox
from lms.domain.checkout.payment_models import Refund
from lms.errors import Unavailable
from lms.gateways import payment_gateway
from lms.gateways.payments import Refused
from lms.queue import enqueue

log = logging.getLogger(__name__)

# What is younger may still be on its way to us; what is older was compared on the days before, and for as long as a refund is usual.
YOUNGEST, OLDEST = timedelta(hours=1), timedelta(days=16)


def refund(refund_id):
    """Send one payment back, under a key of its own for ever: however often this runs, the gateway does it once."""
    with transaction():
        asked = refund_outbox.count_try(refund_id)
        payment = asked and (asked.payment.gateway, asked.payment.reference, asked.amount)
    if not payment:
        return
    gateway, (name, reference, amount) = payment_gateway(current_app.config), payment
    try:
        told = _refund(gateway, name, refund_id, reference, amount)
    except Unavailable as error:
        log.warning("refund waits", extra={"refund": refund_id, "error": str(error)})
    except Refused as refusal:
        _fail(refund_id, refusal.code)
    else:
        _keep(refund_id, told)


def sweep():
    """Ask for what waits, each in a job of its own; what was tried often enough is given up, and an admin told."""
    for refund_id in queries.waiting_refunds():
        enqueue("payments.refund", refund_id)
    for refund_id in queries.hopeless_refunds():
        _fail(refund_id, "the gateway did not answer")


def close_page(order_id):
    """The order is closed: nobody shall pay it by an old page."""
    try:
        payment_gateway(current_app.config).expire(order_id)
    except (Unavailable, Refused) as error:  # a payment that comes all the same is taken or held
        log.warning("payment page not closed", extra={"order": order_id, "error": str(error)})


def compare():
    """The gateway's payments of the last days beside ours."""
    gateway, now = payment_gateway(current_app.config), clock.now()
    if not gateway.is_open:
        return
    since, until = now - OLDEST, now - YOUNGEST
    try:
        taken = list(gateway.payments(since, until))  # all of it first: what breaks off, or takes more time than a job has, is no shorter list
    except (Unavailable, Refused) as error:
        log.warning("payments not compared", extra={"error": str(error)})
        return
    with transaction():
        gateway_comparison.compare(gateway.name, taken, since, until)


def _refund(gateway, name, refund_id, reference, amount):
    if gateway.name != name:
        raise Refused("The payment came by another gateway.", f"taken by {name}")
    return gateway.refund(f"refund:{refund_id}", reference, amount)


def _keep(refund_id, told):
    if told.state == "failed":
        return _fail(refund_id, "the gateway could not")
    with transaction():
        refund_outbox.mark_sent(refund_id, told.reference, told.state == "succeeded")
        facts = queries.buyer_of(refund_id)
    return facts and live.push(facts.buyer_id, f"receipt:{facts.id}")


def _fail(refund_id, why):
    """Unless another job or an event has brought it further meanwhile."""
    with transaction():
        refund = db.session.get_one(Refund, refund_id, with_for_update=True)
        if refund.state == "waiting":
            refund_outbox.mark_failed(refund, why)
