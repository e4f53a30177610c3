"""A Stripe on loopback."""

from tests.stripe_server import stripe_server as stripe_server
