"""ClamAV's daemon as far as it is asked: it reads what INSTREAM sends, and knows one text to be malicious."""

import socketserver
import threading
from contextlib import contextmanager

MALICIOUS = b"X5O!P%@AP-only-a-test-of-ours"


@contextmanager
def clamd(place, answer=None):
    """Listens at the path, or on loopback where there is none: {"url": …, "seen": [bytes]}. `answer` is said whatever was sent."""
    seen = []

    class Daemon(socketserver.StreamRequestHandler):
        def handle(self):
            assert self.rfile.read(10) == b"zINSTREAM\0"
            data = b""
            while size := int.from_bytes(self.rfile.read(4)):
                data += self.rfile.read(size)
            seen.append(data)
            self.wfile.write(answer or (b"stream: Test-Signature FOUND\0" if MALICIOUS in data else b"stream: OK\0"))

    kind, address = (socketserver.ThreadingUnixStreamServer, str(place)) if place else (socketserver.ThreadingTCPServer, ("127.0.0.1", 0))
    with kind(address, Daemon) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield {"url": f"unix://{place}" if place else f"tcp://127.0.0.1:{server.server_address[1]}", "seen": seen}
        server.shutdown()
