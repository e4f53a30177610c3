"""Where a worker may die or lose its database: around every commit, every call of a node, every statement.

Nothing is named, so no point can be forgotten: a countdown runs over all workers, and whoever reaches zero falls in.
One moment is worth a countdown of its own: a node has taken a transaction, and nobody was told yet.
"""

import mmap
import os
import signal
import struct

import psycopg
from sqlalchemy.orm import Session
from web3 import HTTPProvider

NAMES = ("kill", "kill sent", "cut")


class Countdown:
    """Counts over forked processes; made before the first fork."""

    def __init__(self):
        self._cell = mmap.mmap(-1, 8)

    def set(self, steps):
        """Spring at the `steps`-th point from now; 0: never."""
        struct.pack_into("q", self._cell, 0, steps)

    @property
    def left(self):
        return struct.unpack_from("q", self._cell, 0)[0]

    def passed(self):
        """True at the point that was chosen."""
        left = self.left
        if left > 0:
            self.set(left - 1)
        return left == 1


def install(countdowns, database):
    """In a worker: die where "kill" or "kill sent" ends, lose the connection where "cut" ends."""
    kill, sent, cut = (countdowns[name] for name in NAMES)
    commit, ask, execute = Session.commit, HTTPProvider.make_request, psycopg.Cursor.execute

    def executing(cursor, *statement, **options):
        if cut.passed():
            _cut(database, cursor.connection.info.backend_pid)
        return execute(cursor, *statement, **options)

    def asking(provider, method, params):
        answer = _between(kill, lambda: ask(provider, method, params))
        if method == "eth_sendRawTransaction":
            _point(sent)
        return answer

    Session.commit = lambda session: _between(kill, lambda: commit(session))
    HTTPProvider.make_request = asking
    psycopg.Cursor.execute = executing


def _between(kill, deed):
    _point(kill)
    answer = deed()
    _point(kill)
    return answer


def _point(kill):
    if kill.passed():
        os.kill(os.getpid(), signal.SIGKILL)


def _cut(database, backend):
    """As an administrator, a proxy or a failover does it, between two statements."""
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 1000)", [backend])
