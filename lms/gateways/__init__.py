"""The gateways of this installation, by its settings: pages and jobs ask here."""

from collections.abc import Mapping
from typing import Any

from lms.gateways import files, scanner
from lms.gateways.payments import Gateway, NoGateway
from lms.gateways.payments_sandbox import Sandbox

_SITES = {"stripe": "https://checkout.stripe.com"}


def payment_site(settings: Mapping[str, Any]) -> str:
    """The origin of the gateway's payment pages; empty when they are no site of their own."""
    return _SITES.get(settings.get("PAYMENT_GATEWAY", ""), "")


def payment_place(settings: Mapping[str, Any], gateway: str, reference: str) -> str:
    """The address of a payment in the gateway's own pages, for who may log in there; empty where it has none."""
    if gateway != "stripe" or settings["PAYMENT_GATEWAY"] != gateway:
        return ""
    return f"https://dashboard.stripe.com/{'' if '_live_' in settings['STRIPE_KEY'] else 'test/'}payments/{reference}"


def payment_gateway(settings: Mapping[str, Any]) -> Gateway:
    """The payments.Gateway that PAYMENT_GATEWAY names, for a web process, a worker or a command."""
    name = settings["PAYMENT_GATEWAY"]
    if name == "sandbox":
        return Sandbox(settings["PAYMENT_WEBHOOK_SECRET"], settings["BASE_URL"], settings["PAYMENT_SANDBOX_FILE"])
    if name == "stripe":
        from lms.gateways.payments_stripe import Stripe  # only here: its SDK takes a fifth of a second to import

        return Stripe(settings["STRIPE_KEY"], settings["PAYMENT_WEBHOOK_SECRET"], settings["STRIPE_API"])
    return NoGateway()


def file_store(settings: Mapping[str, Any]) -> files.Directory:
    """Where FILES_URL says that uploads are kept; for a web process and the worker without keys."""
    return files.from_url(settings["FILES_URL"])


def upload_scanner(settings: Mapping[str, Any]) -> scanner.Clamd | scanner.NoScanner:
    """Who looks at uploads before they are kept, as SCANNER_URL names it; for a web process."""
    return scanner.from_url(settings["SCANNER_URL"])
