"""A visitor without a browser: forms found on pages and sent, as fast as the site answers."""

import json
import re
import secrets
import time

import requests

from lms.gateways.payments import sign

PASSWORD = "a long enough phrase"
PATIENCE = 60  # seconds


class Visitor:
    """One person's cookies on one site."""

    def __init__(self, url):
        self.url, self.http, self.email = url, requests.Session(), None

    @property
    def cookies(self):
        """The visitor's cookies as a browser takes them."""
        return [{"name": cookie.name, "value": cookie.value, "url": self.url} for cookie in self.http.cookies]

    def get(self, path):
        answer = self.http.get(path if path.startswith("http") else self.url + path, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    def send(self, path, to=None, files=None, **fields):
        """Fill in the form on the page at `path` and send it there, or `to` another address, hidden fields included; `files` as requests takes them."""
        page = self.get(path)
        answer = self.http.post(
            self.url + to if to else page.url, data={**_hidden(page), **fields}, files=files, headers={"Referer": page.url}, timeout=PATIENCE
        )
        answer.raise_for_status()
        return answer

    def hidden(self, path):
        """The hidden fields of the form on the page at `path`."""
        return _hidden(self.get(path))

    def sign_up(self, name="Vera Visitor"):
        """Become a verified member, logged in."""
        email = self.apply(name=name)
        self.send(self.link_for(email, "verify"))
        self.log_in(email)
        return self

    def apply(self, password=PASSWORD, name="Vera Visitor"):
        """Ask for an account, whose address is not proven yet."""
        email = f"visitor-{secrets.token_hex(4)}@example.org"
        self.send("/sign-up", name=name, email=email, password=password, time_zone="UTC")
        return email

    def log_in(self, email, password=PASSWORD):
        self.send("/log-in", email=email, password=password)
        self.email = email
        return self

    @property
    def is_logged_in(self):
        return self.get("/account").url == f"{self.url}/account"

    def order(self, slug):
        """Place an order for the course, or find the one that is open, and answer its number; it is not paid yet."""
        return self._placed(slug)[0]

    def payment_page(self, slug, **terms):
        """The address of the payment page of an open order for the course; `terms`: its level and code."""
        return self._placed(slug, **terms)[1]

    def buy(self, slug, **terms):
        """Own the course: pay for it on the sandbox's page and wait until the webhook has come."""
        if self._owns(slug):
            return
        self.send(self.payment_page(slug, **terms), card="4242424242424242")
        self.until(lambda: self._owns(slug), f"{slug} was never enrolled in")

    def order_of(self, slug):
        """The number of the order that paid for the course."""
        for number in re.findall(r"/orders/(\d+)", self.get("/orders").text):
            page = self.get(f"/orders/{number}").text
            if f"/learn/{slug}" in page:
                return int(number)
        raise AssertionError(f"{slug} was never paid for")

    def lessons(self, slug):
        """The addresses of the course's lessons, in their order."""
        page = self.get(f"/courses/{slug}").text
        return list(dict.fromkeys(re.findall(rf'href="(/learn/{slug}/[\w-]+)"', page)))

    def study(self, slug, lessons=None):
        """Mark the first lessons, or all, complete and wait until a reward of theirs is on the chain."""
        for lesson in self.lessons(slug)[:lessons]:
            self.send(lesson, to=f"{lesson}/complete")
        self.until(self.operation, "nothing came on the chain")

    def operation(self):
        """The address of the newest operation the member has a part in; None when there is none yet."""
        for movement in re.findall(r'href="(/wallet/movements/\d+)"', self.get("/wallet").text):
            if found := re.search(r'href="(/operations/\d+)"', self.get(movement).text):
                return found[1]
        return None

    def link_for(self, email, kind):
        """The link in the newest letter of a kind to the address, once it has come."""
        self.until(lambda: self._links(email, kind), f"no letter with a {kind} link came for {email}")
        return self._links(email, kind)[0]

    def until(self, happened, otherwise):
        until = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < until, otherwise
            time.sleep(0.2)

    def _placed(self, slug, **terms):
        page = self.send(f"/courses/{slug}/checkout", **terms)
        return int(re.search(r"order (\d+)", page.text)[1]), page.url

    def _owns(self, slug):
        return f"/learn/{slug}" in self.get("/learn").text

    def _links(self, email, kind):
        letters = [letter for letter in self.get("/outbox").text.split("<section")[1:] if email in letter]
        return [link for letter in letters for link in re.findall(rf'href="[^"]*(/{kind}/[^"]*)"', letter)]


def _hidden(page):
    return dict(re.findall(r'<input[^>]*name="(csrf_token|key|version|submission|edition|attempt|seen[-\d]*)"[^>]*value="([^"]*)"', page.text))


def pay(url, secret, order_id, amount, event_id=None):
    """Send the webhook of a payment as a gateway signs it; answers the status."""
    facts = {"id": f"pay_{order_id}", "amount": amount, "currency": "eur", "metadata": {"order": str(order_id)}}
    event = {"id": event_id or f"evt_{order_id}", "type": "payment.succeeded", "created": int(time.time()), "data": {"object": facts}}
    body = json.dumps(event).encode()
    signature = sign(secret, body, int(time.time()))
    return requests.post(f"{url}/webhooks/payments", data=body, headers={"Payment-Signature": signature}, timeout=PATIENCE).status_code
