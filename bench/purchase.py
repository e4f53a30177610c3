"""From the payment's webhook to the words "on chain" on the buyer's open page, in a whole demo of its own."""

import http.client
import re
import secrets
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from statistics import median

from flask import current_app

from bench.house import make_app
from bench.measure import Figure
from bench.people import cookie, member
from lms.blueprints.checkout.gateway import gateway
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.courses import queries as courses
from lms.domain.ledger import queries as books
from lms.domain.wallet import queries as wallet
from lms.gateways import payments
from lms.gateways.payments_sandbox import SIGNATURE_HEADER
from lms.gateways.sandbox_events import event_body
from lms.queue import enqueue
from rig import Refusal
from rig.demo import Demo
from rig.services import LOOPBACK

PURCHASES = 9
LONGEST = 30  # seconds

_ON_CHAIN = re.compile("(on chain|final) · block")


def figures():
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True))
        demo = Demo(directory, durable=False, pace=1)
        stack.callback(demo.remove)
        demo.start()
        stack.enter_context(make_app(demo.web_env).app_context())
        with transaction():
            buyers = [member(f"buyer{number}") for number in range(PURCHASES)]
        open_wallets(buyers)
        seconds = [_buy(demo.port, buyer) for buyer in buyers]
    return [Figure("purchase.to_onchain_s", median(seconds), "s", 2.5)]


def open_wallets(buyers):
    """What happens at sign-up: a job makes each of them an address."""
    for buyer in buyers:
        enqueue("wallets.make", books.holder_of(buyer.id).id)
    deadline = time.monotonic() + LONGEST
    while not all(wallet.wallet_of(buyer.id) for buyer in buyers):
        if time.monotonic() > deadline:
            raise Refusal("The worker made no addresses in time.")
        db.session.rollback()
        time.sleep(0.1)


def _buy(port, buyer):
    """The seconds from the webhook to the news on the open page."""
    with transaction():
        course = next(course for course in courses.catalogue().items if course.price and course.reward_bp)
        order = checkout.place_order(buyer, course, secrets.token_urlsafe())
        signed_in = cookie(buyer)
    page = Page(port, signed_in, f"receipt:{order.id},balance,activity")
    webhook = _webhook(port, order)
    began = time.monotonic()
    urllib.request.urlopen(webhook, timeout=LONGEST).close()
    page.read_until_on_chain()
    return time.monotonic() - began


def _webhook(port, order):
    """The request in which the gateway says that the order is paid."""
    sandbox = gateway()
    purchase = payments.Purchase(order.id, order.total, order.currency, order.course.title)
    token = sandbox.payment_page(purchase, "/").rpartition("/")[2]
    body = event_body(sandbox.page(token), "payment.succeeded", {})
    signature = payments.sign(current_app.config["PAYMENT_WEBHOOK_SECRET"], body, int(time.time()))
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
    return urllib.request.Request(f"http://{LOOPBACK}:{port}/webhooks/payments", body, headers)


class Page:
    """An open page of the buyer that shows the order's receipt."""

    def __init__(self, port, signed_in, show):
        self.connection = http.client.HTTPConnection(LOOPBACK, port, timeout=LONGEST)
        self.connection.request("GET", f"/live?show={show}", headers={"Cookie": signed_in})
        self.answer = self.connection.getresponse()
        self._read_until(lambda message: 'hx-target="#receipt"' in message)

    def read_until_on_chain(self):
        self._read_until(lambda message: 'hx-target="#receipt"' in message and _ON_CHAIN.search(message))
        self.connection.sock.close()

    def _read_until(self, is_it):
        deadline = time.monotonic() + LONGEST
        while not is_it(self._message()):
            if time.monotonic() > deadline:
                raise Refusal(f"The page was not told within {LONGEST} seconds.")

    def _message(self):
        lines = []
        while line := self.answer.readline().decode():
            if line == "\n":
                return "".join(lines)
            lines.append(line)
        raise Refusal(f"The page's stream has ended: it answered {self.answer.status}.")
