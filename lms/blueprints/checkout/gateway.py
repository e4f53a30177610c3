"""The payment gateway of this installation."""

from flask import current_app

from lms.gateways.payments import NoGateway
from lms.gateways.payments_sandbox import Sandbox


def gateway():
    settings = current_app.config
    if settings["PAYMENT_GATEWAY"] == "sandbox":
        return Sandbox(settings["PAYMENT_WEBHOOK_SECRET"], settings["BASE_URL"])
    return NoGateway()
