"""A light HTTP client in a process of its own: some connections, each asking again as soon as it is answered."""

import json
import selectors
import socket
import subprocess
import sys
import time

from rig import ROOT, Refusal
from rig.services import LOOPBACK

CONNECTIONS = 8


def requests_per_second(port, path, cookie="", seconds=2.0):
    """How many answers a second a page gives; anything but a 200 is refused, as it would be fast and worthless."""
    asked = json.dumps({"port": port, "path": path, "cookie": cookie, "seconds": seconds})
    answer = subprocess.run([sys.executable, "-m", "bench.load"], input=asked, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    if found["refused"]:
        raise Refusal(f"{path} answered {found['refused']} while it was measured.")
    return found["answers"] / found["seconds"]


class Connection:
    """Kept alive; knows only as much of HTTP as counting answers takes."""

    def __init__(self, port, request):
        self.socket = socket.create_connection((LOOPBACK, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.data, self.length, self.status = request, b"", None, None

    def ask(self):
        self.data, self.length = b"", None
        self.socket.sendall(self.request)

    def read(self):
        """Whether the answer is complete now."""
        self.data += self.socket.recv(262_144)
        if self.length is None and b"\r\n\r\n" in self.data:
            head, _, _ = self.data.partition(b"\r\n\r\n")
            self.status = head[9:12].decode()
            self.length = len(head) + 4 + int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return len(self.data) == self.length


def main():
    """Read what to ask from standard input, and write what came of it."""
    asked = json.load(sys.stdin)
    request = f"GET {asked['path']} HTTP/1.1\r\nHost: {LOOPBACK}\r\nCookie: {asked['cookie']}\r\n\r\n".encode()
    connections = [Connection(asked["port"], request) for _ in range(CONNECTIONS)]
    print(json.dumps(_ask_all(connections, asked["seconds"])))


def _ask_all(connections, seconds):
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask()
    answers, began = 0, time.monotonic()
    while (taken := time.monotonic() - began) < seconds:
        for key, _ in selector.select(timeout=seconds):
            connection = key.data
            if not connection.read():
                continue
            if connection.status != "200":
                return {"refused": connection.status}
            answers += 1
            connection.ask()
    return {"answers": answers, "seconds": taken, "refused": None}


if __name__ == "__main__":
    main()
