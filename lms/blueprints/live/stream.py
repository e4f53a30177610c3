"""One open page and what it is sent."""

import re
import socket
import threading
import time

HEARTBEAT = 15  # seconds

OPENING = b": open\n\n"
BEAT = b": heartbeat\n\n"
CLOSED = b"event: close\ndata: paused\n\n"

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_ESTABLISHED = 1


def message(html):
    """The HTML as one message of a stream. Its id is sent back by a page that connects again."""
    lines = _LINE_ENDS.split(html)
    return ("id: 1\n" + "".join(f"data: {line}\n" for line in lines) + "\n").encode()


class Stream:
    """One open page. It keeps only the newest message of each fragment, so a page that reads slowly costs no more."""

    __slots__ = ("hub", "is_over", "is_stale", "number", "opened", "orders", "sign_in", "socket", "user_id", "waiting", "woken")

    def __init__(self, hub, user, names, environ):
        self.hub, self.user_id = hub, user.id
        self.sign_in = user.session_id
        self.socket = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        self.number = next(hub.numbers)
        self.opened = hub.moment() or time.time_ns() // 1000
        self.orders = dict.fromkeys(names, 0)
        self.waiting = {"": OPENING}
        self.is_stale = self.is_over = False
        self.woken = threading.Event()
        self.woken.set()

    def put(self, name, order, data):
        """Let the page have the message, unless it shows something else or has had a newer one."""
        with self.hub.lock:
            if self.is_over or name not in self.orders or order < self.orders[name]:
                return
            self.orders[name], self.waiting[name] = order, data
        self.woken.set()

    def put_all(self, fragments):
        """What the page shows, rendered after the stream was opened."""
        for name, html in fragments.items():
            self.put(name, self.opened, message(html))

    def go_stale(self):
        """Pushes may have been missed: render everything anew."""
        self.is_stale = True
        self.woken.set()

    def end(self):
        """Tell the page that it is not fed any more; it does not come back by itself."""
        with self.hub.lock:
            self.waiting, self.is_over = {"": CLOSED}, True
        self.woken.set()

    @property
    def is_cut(self):
        """Whether the browser has gone; a write would notice only at the next heartbeat."""
        try:
            return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
        except (OSError, AttributeError):
            return False

    def __iter__(self):
        return self

    def __next__(self):
        if not self.woken.wait(HEARTBEAT):
            return BEAT
        if self.is_stale and not self.is_over:
            self.is_stale = False
            self.hub.heal(self)
        return self._take()

    def _take(self):
        self.woken.clear()
        with self.hub.lock:
            waiting, self.waiting = self.waiting, {}
        if not waiting and self.is_over:
            raise StopIteration
        if self.is_over:
            self.woken.set()
        return b"".join(waiting.values()) or BEAT

    def close(self):
        """The server is done with the page."""
        self.hub.leave(self)
