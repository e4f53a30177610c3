"""The payment gateway of this installation."""

from flask import current_app

from lms.gateways import payment_gateway


def gateway():
    return payment_gateway(current_app.config)
