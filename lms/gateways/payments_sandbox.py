"""A payment gateway inside the platform for demo and tests: its page, its cards, and its webhooks over real HTTP."""

import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from lms import clock
from lms.gateways.payments import Event, Purchase, Refunded, Taken, sign, verify
from lms.gateways.sandbox_book import PAGE_CLOSED, Book
from lms.gateways.sandbox_cards import Card
from lms.gateways.sandbox_events import digest, event_body, read, refund_body

SIGNATURE_HEADER = "Payment-Signature"
RETRIES = (1, 2, 4, 8, 15)  # seconds between the tries of one delivery

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """A payment page: the same purchase is the same page, whose payment has one reference however often it is sent."""

    token: str
    purchase: Purchase
    return_url: str

    @property
    def reference(self) -> str:
        return "pay_" + digest(self.token)


class Sandbox:
    """`book` is the file where it keeps what it has taken; without one it forgets."""

    name = "sandbox"
    is_open = True
    signature_header = SIGNATURE_HEADER

    def __init__(self, secret: str, base_url: str, book: str = "") -> None:
        self._secret = secret
        self._webhook_url = base_url.rstrip("/") + "/webhooks/payments"
        self._pages = URLSafeSerializer(secret, salt="sandbox payment page")
        self._book = Book(book)

    def payment_page(self, purchase: Purchase, return_url: str) -> str:
        return "/sandbox/pay/" + self._pages.dumps(_told(purchase) | {"return_url": return_url})

    def expire(self, order_id: int) -> None:
        self._book.keep(Event("", PAGE_CLOSED, order_id=order_id), _now())

    def refund(self, key: str, reference: str, amount: int) -> Refunded:
        """Succeeds at once, which the webhook only repeats: a job ends with its process, so it is tried once and not waited for."""
        refund = "re_" + digest(key)
        self._book.check_refund(refund, reference, amount)
        body = refund_body(refund, reference, amount)
        self._book.keep(read(body), _now())
        self._post(body)
        return Refunded(refund, "succeeded")

    def payments(self, since: datetime, until: datetime) -> Iterator[Taken]:
        return iter(self._book.payments(since.timestamp(), until.timestamp()))

    def parse_webhook(self, body: bytes, signature: str, now: datetime) -> Event:
        verify(self._secret, body, signature, int(now.timestamp()))
        return read(body)

    def page(self, token: str) -> Page | None:
        """The Page behind a token, or None for one we did not sign."""
        try:
            facts = self._pages.loads(token)
        except BadData:
            return None
        return_url, expires_at = facts.pop("return_url"), facts.pop("expires_at", None)
        moment = datetime.fromtimestamp(expires_at, UTC) if expires_at else None
        return Page(token, Purchase(**facts, expires_at=moment), return_url)

    def is_closed(self, page: Page) -> bool:
        """Whether nobody can pay there any longer."""
        ends = page.purchase.expires_at
        return (ends is not None and clock.now() >= ends) or self._book.is_closed(page.purchase.order_id)

    def pay(self, page: Page, card: Card) -> threading.Thread:
        """Send what the card says in a thread of its own: the buyer goes on at once. Answers the thread."""
        thread = threading.Thread(target=self._say, args=(page, card), daemon=True, name=f"sandbox {card.name}")
        thread.start()
        return thread

    def _say(self, page: Page, card: Card) -> None:
        for seconds, kind, changes in card.says:
            time.sleep(seconds)
            body = event_body(page, kind, changes)
            self._book.keep(read(body), _now())
            self._deliver(body)

    def _deliver(self, body: bytes) -> None:
        """Post the event until somebody has taken it, or the tries are used up."""
        for pause in (*RETRIES, None):
            status = self._post(body)
            if 200 <= status < 300:
                return
            log.warning("sandbox webhook not taken", extra={"status": status, "again_in": pause})
            if pause is not None:
                time.sleep(pause)

    def _post(self, body: bytes) -> int:
        """The status of the answer; 0 for none."""
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: sign(self._secret, body, _now())}
        request = urllib.request.Request(self._webhook_url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0


def _told(purchase: Purchase) -> dict[str, Any]:
    """What the address of a page says of its purchase; who buys stands in no address."""
    facts = {name: getattr(purchase, name) for name in ("order_id", "amount", "currency", "description")}
    return facts | {"expires_at": purchase.expires_at and int(purchase.expires_at.timestamp())}


def _now() -> int:
    return int(clock.now().timestamp())
