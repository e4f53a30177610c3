"""A JSON-RPC proxy on loopback, to make a real node fail in the ways nodes fail."""

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Lost(Exception):
    """The connection ends without an answer."""


class Proxy:
    """`behaviour(method, forward)` returns the JSON-RPC answer; forward() is the node's own; Lost cuts the line."""

    def __init__(self, node, behaviour):
        self.calls = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, node, behaviour))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(proxy, node, behaviour):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            call = json.loads(body)
            proxy.calls.append(call["method"])
            try:
                answer = behaviour(call["method"], lambda: _forward(node, body))
            except Lost:
                self.close_connection = True
                return
            text = json.dumps(answer | {"id": call["id"], "jsonrpc": "2.0"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            """Silent: the tests look at `calls`."""

    return Handler


def _forward(node, body):
    request = urllib.request.Request(node, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
