"""A thousand open pages on one worker: how long a publish takes to its page, and what a page costs in memory."""

import json
import random
import re
import resource
import selectors
import socket
import time

from bench.house import house, server
from bench.measure import Figure, percentile
from bench.people import cookie, member
from lms import live
from lms.db import transaction
from lms.queue import queue
from rig import Refusal
from rig.process import resident
from rig.services import LOOPBACK

STREAMS = 1000
WARMING = 10  # enough to load what the first streams load; the memory they leave free is not counted again
PUBLISHES, RATE = 2000, 200  # in all, and a second
LATEST = 2  # seconds after which a message counts as lost: it then took as long as this
FRAGMENT = "balance_chip"

_NUMBER = re.compile(rb"bench:(\d+);")


def figures():
    _allow_many_sockets()
    with house():
        with transaction():
            members = [member(f"member{number}") for number in range(STREAMS)]
            cookies = [cookie(user) for user in members]
        with server() as (port, pid):
            for page in [Page(port, user.id, signed_in) for user, signed_in in list(zip(members, cookies, strict=True))[:WARMING]]:
                page.close()
            time.sleep(2)  # the worker forgets them
            before = resident(pid)
            pages = [Page(port, user.id, signed_in) for user, signed_in in zip(members, cookies, strict=True)]
            milliseconds = Readers(pages).measure()
            grown = resident(pid) - before
            for page in pages:
                page.close()
    return [
        Figure("sse.1000.p99_ms", percentile(milliseconds, 99), "ms", 20),
        Figure("sse.1000.kb_per_stream", grown / 1024 / STREAMS, "KB", 30),
    ]


class Page:
    """An open page that has had its first blocks."""

    def __init__(self, port, user_id, signed_in):
        self.user_id, self.rest = user_id, b""
        self.socket = socket.create_connection((LOOPBACK, port), timeout=10)
        self.socket.sendall(f"GET /live?show={FRAGMENT} HTTP/1.1\r\nHost: {LOOPBACK}\r\nCookie: {signed_in}\r\n\r\n".encode())
        opening = b""
        while b"hx-partial" not in opening:
            received = self.socket.recv(65_536)
            if not received:
                raise Refusal(f"A stream was not opened:\n{opening.decode(errors='replace')[:300]}")
            opening += received

    def numbers(self):
        """The numbers of the messages that have come since."""
        received = self.socket.recv(65_536)
        if not received:
            raise Refusal("A stream was closed while it was measured.")
        self.rest += received
        found = [int(number) for number in _NUMBER.findall(self.rest)]
        self.rest = self.rest.rpartition(b";")[2]
        return found

    def close(self):
        self.socket.close()


class Readers:
    """Publishes to one page after the other, and reads all of them meanwhile, in one thread and by one clock."""

    def __init__(self, pages):
        self.pages, self.sent, self.taken = pages, {}, []
        self.selector = selectors.DefaultSelector()
        for page in pages:
            self.selector.register(page.socket, selectors.EVENT_READ, page)

    def measure(self):
        """The milliseconds from each publish to its arrival."""
        turns = random.Random(1).sample(self.pages, len(self.pages)) * (PUBLISHES // len(self.pages))
        began = time.monotonic()
        for number, page in enumerate(turns):
            self._read_until(began + number / RATE)
            self._publish(number, page)
        end = time.monotonic() + LATEST
        while self.sent and time.monotonic() < end:
            self._read(0.1)
        return self.taken + [LATEST * 1000] * len(self.sent)

    def _publish(self, number, page):
        html = f'<hx-partial hx-target="#balance-chip"><span id="balance-chip">1.00 TEO</span><!--bench:{number};--></hx-partial>'
        news = json.dumps({"name": FRAGMENT, "order": time.time_ns() // 1000, "html": html})
        self.sent[number] = time.monotonic()
        queue.redis.publish(live.channel(page.user_id), news)

    def _read_until(self, due):
        while (left := due - time.monotonic()) > 0:
            self._read(left)

    def _read(self, seconds):
        for key, _ in self.selector.select(seconds):
            for number in key.data.numbers():
                self.taken.append((time.monotonic() - self.sent.pop(number)) * 1000)


def _allow_many_sockets():
    """A thousand streams here, and as many in the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = STREAMS * 4
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Refusal(f"At most {hard} files may be open here, and the bench needs {wanted}: raise the limit with ulimit -n {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
