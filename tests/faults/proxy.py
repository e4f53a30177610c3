"""A JSON-RPC proxy on loopback, to make a real node fail in the ways nodes fail."""

import json
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import rlp
from eth_account import Account

GWEI = 10**9
LEAST_TIP = 25 * GWEI  # what bor takes into its pool
HANG = 1.0  # seconds; longer than the rig's workers wait
POLYGON = "0x89"


class Lost(Exception):
    """The connection ends without an answer."""


class BadGateway(Exception):
    """What stands before the node answers in its place."""


class Proxy:
    """`behaviour(method, forward)` returns the JSON-RPC answer; forward() is the node's own; Lost cuts the line."""

    def __init__(self, node, behaviour):
        self.calls = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, node, behaviour))
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Forward:
    """One call on its way to the node; ask() puts another question in its place."""

    node: str
    method: str
    params: list

    def __call__(self):
        return self.ask(self.method, *self.params)

    def ask(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.node, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)


class Faults:
    """A behaviour of armed faults: each is for the next so many calls of a method, so the same schedule fails the same way."""

    def __init__(self):
        self.calm()

    def calm(self):
        """Forget all faults: the node's own answers, in its own words."""
        self._lock, self._armed, self._receipts, self._pool = threading.Lock(), [], {}, {}
        self.language, self.strict, self.struck = None, False, Counter()

    def arm(self, fault, method="*", count=1):
        """Let a fault of FAULTS answer the next `count` calls of `method`; "*" is any."""
        self._armed.append([FAULTS[fault], fault, method, count])

    def __call__(self, method, forward):
        fault = self._next(method)
        answer = fault(self, forward) if fault else self._honest(forward)
        return self._translated(answer)

    def _next(self, method):
        with self._lock:
            for armed in self._armed:
                fault, name, wanted, count = armed
                if count and wanted in (method, "*"):
                    armed[3] -= 1
                    self.struck[name] += 1
                    return fault
        return None

    def _honest(self, forward):
        if self.strict and forward.method == "eth_sendRawTransaction" and (refusal := self._refusal(forward.params[0])):
            return refusal
        answer = forward()
        if forward.method == "eth_getTransactionReceipt" and answer.get("result"):
            self._receipts.setdefault(forward.params[0], answer)
        return answer

    def _refusal(self, raw):
        """Bor's demands: a tip, and a tenth more on both fields for a replacement."""
        data = bytes.fromhex(raw[2:])
        nonce, tip, cap = (int.from_bytes(field) for field in rlp.decode(data[1:])[1:4])
        if tip < LEAST_TIP:
            return _error(f"transaction underpriced: gas tip cap {tip}, minimum needed {LEAST_TIP}")
        place = Account.recover_transaction(data), nonce
        held, old_tip, old_cap = self._pool.get(place, (raw, 0, 0))
        if held != raw and (10 * tip < 11 * old_tip or 10 * cap < 11 * old_cap):
            return _error("replacement transaction underpriced")
        self._pool[place] = raw, tip, cap
        return None

    def _translated(self, answer):
        if self.language and "error" in answer:
            said = answer["error"]["message"].lower()
            meant = next((meaning for meaning in _ANVIL if meaning in said), None)
            if meant:
                return _error(TEXTS[self.language][_ANVIL[meant]])
        return answer

    def stale_receipt(self, forward):
        """The receipt as it was first seen, whatever became of its block."""
        return self._receipts.get(forward.params[0]) or {"result": None}


def _error(message):
    return {"error": {"code": -32000, "message": message}}


def _lose(_, forward):
    forward()
    raise Lost


def _cut(_, forward):
    raise Lost


def _bad_gateway(_, forward):
    raise BadGateway


def _hang(_, forward):
    time.sleep(HANG)
    raise Lost


def _null(_, forward):
    return {"result": None}


def _low_head(_, forward):
    """Any block by its name is three blocks older than it is."""
    head = int(forward.ask("eth_blockNumber")["result"], 16)
    return forward.ask(forward.method, hex(max(head - 3, 0)), *forward.params[1:])


def _other_chain(_, forward):
    return {"result": POLYGON}


FAULTS = {
    "answer lost": _lose,
    "line cut": _cut,
    "502": _bad_gateway,
    "hang": _hang,
    "null": _null,
    "stale receipt": Faults.stale_receipt,
    "low head": _low_head,
    "other chain": _other_chain,
}

# What anvil says, and how other clients say it.
_ANVIL = {"already imported": "known", "nonce too low": "nonce", "replacement transaction underpriced": "replacement"}
TEXTS = {
    "geth": {
        "known": "already known",
        "nonce": "nonce too low: next nonce 7, tx nonce 3",
        "replacement": "replacement transaction underpriced: new tx gas fee cap 1 <= 2 queued",
    },
    "erigon": {"known": "INTERNAL_ERROR: existing tx with same hash", "nonce": "nonce too low", "replacement": "could not replace existing tx"},
    "bor": {"known": "already known", "nonce": "nonce too low", "replacement": "replacement transaction underpriced"},
    "nethermind": {
        "known": "AlreadyKnown",
        "nonce": "OldNonce, Current nonce: 7, nonce of rejected tx: 3.",
        "replacement": "ReplacementNotAllowed",
    },
}


def _handler(proxy, node, behaviour):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: else each answer waits 40 ms for the other side's acknowledgement

        def do_POST(self):
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            proxy.calls.append(call["method"])
            try:
                answer = behaviour(call["method"], Forward(node, call["method"], call.get("params", [])))
            except Lost:
                self.close_connection = True
            except BadGateway:
                self._send(502, b"<html>Bad Gateway</html>")
            else:
                self._send(200, json.dumps(answer | {"id": call["id"], "jsonrpc": "2.0"}).encode())

        def _send(self, status, body):
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
            except ConnectionError:
                self.close_connection = True  # who asked was killed meanwhile

        def log_message(self, *_):
            """Silent: the tests look at `calls`."""

    return Handler
