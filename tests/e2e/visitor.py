"""A visitor without a browser: forms found on pages and sent, as fast as the site answers."""

import json
import re
import secrets
import time

import requests

from lms.gateways.payments import sign

PASSWORD = "a long enough phrase"
PATIENCE = 20  # seconds


class Visitor:
    """One person's cookies on one site."""

    def __init__(self, url):
        self.url, self.http = url, requests.Session()

    def get(self, path):
        answer = self.http.get(path if path.startswith("http") else self.url + path, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    def send(self, path, to=None, **fields):
        """Fill in the form on the page at `path` and send it there, or `to` another address, hidden fields included."""
        page = self.get(path)
        hidden = dict(re.findall(r'<input[^>]*name="(csrf_token|key)"[^>]*value="([^"]*)"', page.text))
        answer = self.http.post(self.url + to if to else page.url, data={**hidden, **fields}, headers={"Referer": page.url}, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    def sign_up(self):
        """Become a verified member, logged in."""
        email = f"visitor-{secrets.token_hex(4)}@example.org"
        self.send("/sign-up", name="Vera Visitor", email=email, password=PASSWORD, time_zone="UTC")
        self.send(self._link_for(email))
        self.log_in(email)
        return email

    def log_in(self, email, password=PASSWORD):
        self.send("/log-in", email=email, password=password)

    def order(self, slug):
        """Place an order for the course and answer its number; it is not paid yet."""
        self.send(f"/courses/{slug}/checkout")
        return int(re.search(r"/orders/(\d+)", self.get("/orders").text)[1])

    def payment_page(self, slug):
        """The address of the payment page of an open order for the course."""
        return self.send(f"/courses/{slug}/checkout").url

    def buy(self, slug):
        """Own the course: pay for it on the sandbox's page and wait until the webhook has come."""
        if "/orders/" in self.payment_page(slug):
            return
        self.send(self.payment_page(slug), card="4242424242424242")
        self._until(lambda: self.http.get(f"{self.url}/learn/{slug}", timeout=PATIENCE).ok, f"{slug} was never enrolled in")

    def study(self, slug, lessons=2):
        """Mark the first lessons complete and wait until a reward of theirs is on the chain."""
        for lesson in list(dict.fromkeys(re.findall(rf"/learn/{slug}/[\w-]+", self.get(f"/learn/{slug}").text)))[:lessons]:
            self.send(lesson, to=f"{lesson}/complete")
        self._until(lambda: "/operations/" in self.get("/wallet").text, "nothing came on the chain")

    def _link_for(self, email):
        self._until(lambda: email in self.get("/outbox").text, f"no mail came for {email}")
        letter = next(letter for letter in self.get("/outbox").text.split("<section")[1:] if email in letter)
        return re.search(r'href="([^"]*verify[^"]*)"', letter)[1]

    def _until(self, happened, otherwise):
        until = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < until, otherwise
            time.sleep(0.2)


def pay(url, secret, order_id, amount, event_id=None):
    """Send the webhook of a payment as a gateway signs it; answers the status."""
    facts = {"id": f"pay_{order_id}", "amount": amount, "currency": "eur", "metadata": {"order": str(order_id)}}
    event = {"id": event_id or f"evt_{order_id}", "type": "payment.succeeded", "created": int(time.time()), "data": {"object": facts}}
    body = json.dumps(event).encode()
    signature = sign(secret, body, int(time.time()))
    return requests.post(f"{url}/webhooks/payments", data=body, headers={"Payment-Signature": signature}, timeout=PATIENCE).status_code
