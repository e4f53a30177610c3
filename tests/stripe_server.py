"""A server on loopback that speaks Stripe's protocol, as strictly as Stripe: what is no parameter of its SDK's types is refused."""

import json
import secrets
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from stripe import WebhookSignature
from stripe._api_version import _ApiVersion

from tests.stripe_books import Books
from tests.stripe_params import Wrong, parse

KEY = "sk_test_" + "0123456789abcdefABCDEF"
WEBHOOK_SECRET = "whsec_" + "0123456789abcdef" * 2


@pytest.fixture
def stripe_server():
    with Server() as server:
        yield server


class Server:
    """`url` is where it listens, `books` what it keeps, `asked` how often each method and path was asked.

    `fail("500")` lets the next request fail before it does anything, `fail("500 done")` after it has, `fail("silence")` after it has and without a word."""

    def __init__(self):
        self.books, self.asked, self.bodies = Books(), Counter(), []
        self._failures, self._answers, self._lock, self.is_over = [], {}, threading.Lock(), threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self._http.shutdown()
        self._http.server_close()

    def fail(self, *how):
        self._failures += how

    def mend(self):
        self._failures.clear()

    def forget_keys(self):
        """As Stripe does after a day."""
        self._answers.clear()

    def webhook(self, kind, about, at=None, secret=WEBHOOK_SECRET, **changes):
        """(body, header) as Stripe sends an event about an object, signed at that unix time."""
        event = {"id": f"evt_{secrets.token_hex(8)}", "object": "event", "api_version": _ApiVersion.CURRENT, "created": int(time.time())}
        event |= {"type": kind, "livemode": False, "pending_webhooks": 1, "request": {"id": None}, "data": {"object": about}} | changes
        body = json.dumps(event, indent=2)
        return body.encode(), WebhookSignature.generate_signature_header(body, secret, at)

    def answer(self, method, path, headers, body):
        """(status, JSON); None for silence."""
        with self._lock:
            self.asked[f"{method} {urlsplit(path).path}"] += 1
            self.bodies.append(body)
            how = self._failures.pop(0) if self._failures else ""
            if how.isdigit():
                return int(how), _error("api_error", None, None, "It broke.")
            answer = self._refusal(headers) or self._kept(method, path, headers, body)
            return {"": answer, "silence": None}.get(how, (500, _error("api_error", None, None, "It broke.")))

    def _refusal(self, headers):
        key = headers.get("Authorization", "").removeprefix("Bearer ")
        if key != KEY:
            return 401, _error("invalid_request_error", None, None, f"Invalid API Key provided: {key[:8]}****")
        if headers["Stripe-Version"] != _ApiVersion.CURRENT:
            return 400, _error("invalid_request_error", None, None, "Invalid Stripe API version")
        return None

    def _kept(self, method, path, headers, body):
        """What was answered to this key before; one that did nothing is not kept."""
        if method == "GET":
            return self._do(method, path, urlsplit(path).query)
        key, asked = headers["Idempotency-Key"], (path, body)
        if not key:
            return 400, _error("invalid_request_error", None, None, "No Idempotency-Key, and everything here is about money.")
        if key in self._answers and self._answers[key][0] != asked:
            return 400, _error("idempotency_error", None, None, "Keys for idempotent requests can only be used with the same parameters they were first used with.")
        if key not in self._answers:
            status, told = self._do(method, path, body)
            if status != 200:
                return status, told
            self._answers[key] = asked, (status, json.dumps(told))
        status, told = self._answers[key][1]
        return status, json.loads(told)

    def _do(self, method, path, form):
        try:
            return 200, self.books.do(method, urlsplit(path).path.removeprefix("/v1/"), parse(form))
        except Wrong as wrong:
            return 404 if wrong.code == "resource_missing" else 400, _error("invalid_request_error", wrong.code, wrong.param, str(wrong))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of = None

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = self.server_of.answer(self.command, self.path, self.headers, body)
        if answer is None:
            self.close_connection = True
            self.server_of.is_over.wait(60)  # longer than the client of a test waits
            return
        status, told = answer
        content = json.dumps(told).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", len(content)), ("Request-Id", "req_test")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Nobody reads it."""


def _error(kind, code, param, message):
    return {"error": {"type": kind, "code": code, "param": param, "message": message, "doc_url": "https://stripe.com/docs"}}
