"""A payment gateway inside the platform for demo and tests: its page, its cards, and its webhooks over real HTTP."""

import hashlib
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass

from itsdangerous import BadData, URLSafeSerializer

from lms import clock
from lms.gateways import payments

SIGNATURE_HEADER = "Payment-Signature"
RETRIES = (1, 2, 4, 8, 15)  # seconds between the tries of one delivery
LATE = 15  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Card:
    """What a test card makes the gateway say: (seconds to wait, kind of event, changes) in the order it says it."""

    number: str
    name: str
    says: tuple
    needs_challenge: bool = False


_SUCCESS, _FAILURE = (0, "payment.succeeded", {}), (0, "payment.failed", {})
SUCCEEDS = Card("4242424242424242", "succeeds", (_SUCCESS,))
DECLINED = Card("4000000000000002", "declined", (_FAILURE,))
CARDS = {
    card.number: card
    for card in (
        SUCCEEDS,
        DECLINED,
        Card("4000002500003155", "challenge", (_SUCCESS,), needs_challenge=True),
        Card("4000000000000077", "late", ((LATE, "payment.succeeded", {}),)),
        Card("4000000000000127", "twice", (_SUCCESS, _SUCCESS, (0, "payment.succeeded", {"event": "again"}))),
        Card("4000000000000341", "failed_first", (_FAILURE, (2, "payment.succeeded", {}))),
        Card("4000000000000259", "processing_last", (_SUCCESS, (1, "payment.processing", {}))),
        Card("4000000000003220", "wrong_amount", ((0, "payment.succeeded", {"amount": -1}),)),
        Card("4000000000001976", "wrong_currency", ((0, "payment.succeeded", {"currency": "USD"}),)),
    )
}


@dataclass(frozen=True)
class Page:
    """A payment page: the same purchase is the same page, whose payment has one reference however often it is sent."""

    token: str
    purchase: payments.Purchase
    return_url: str

    @property
    def reference(self):
        return "pay_" + _digest(self.token)


class Sandbox:
    name = "sandbox"
    is_open = True

    def __init__(self, secret, base_url):
        self._secret = secret
        self._webhook_url = base_url.rstrip("/") + "/webhooks/payments"
        self._pages = URLSafeSerializer(secret, salt="sandbox payment page")

    def payment_page(self, purchase, return_url):
        return "/sandbox/pay/" + self._pages.dumps({**asdict(purchase), "return_url": return_url})

    def parse_webhook(self, body, signature, now):
        payments.verify(self._secret, body, signature, int(now.timestamp()))
        return payments.read(body)

    def page(self, token):
        """The Page behind a token, or None for one we did not sign."""
        try:
            facts = self._pages.loads(token)
        except BadData:
            return None
        return_url = facts.pop("return_url")
        return Page(token, payments.Purchase(**facts), return_url)

    def pay(self, page, card):
        """Send what the card says in a thread of its own: the buyer goes on at once. Answers the thread."""
        thread = threading.Thread(target=self._say, args=(page, card), daemon=True, name=f"sandbox {card.name}")
        thread.start()
        return thread

    def _say(self, page, card):
        for seconds, kind, changes in card.says:
            time.sleep(seconds)
            self._deliver(event_body(page, kind, changes))

    def _deliver(self, body):
        """Post the event until somebody has taken it, or the tries are used up."""
        for pause in (*RETRIES, None):
            status = self._post(body)
            if 200 <= status < 300:
                return
            log.warning("sandbox webhook not taken", extra={"status": status, "again_in": pause})
            if pause is not None:
                time.sleep(pause)

    def _post(self, body):
        """The status of the answer; 0 for none."""
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: payments.sign(self._secret, body, _now())}
        request = urllib.request.Request(self._webhook_url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0


def event_body(page, kind, changes):
    """An event about the page's payment as JSON bytes. Its id follows from what it says: sent twice it is the same event."""
    purchase = page.purchase
    event = {
        "id": "evt_" + _digest(f"{page.reference} {kind} {changes.get('event', '')}"),
        "type": kind,
        "created": _now(),
        "data": {
            "object": {
                "id": page.reference,
                "amount": purchase.amount + changes.get("amount", 0),
                "currency": changes.get("currency", purchase.currency).lower(),
                "metadata": {"order": str(purchase.order_id)},
            }
        },
    }
    return json.dumps(event).encode()


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _now():
    return int(clock.now().timestamp())
