"""Uploads looked at by ClamAV: what it knows to be malicious is not kept. Its daemon is asked by the protocol of clamd(8)."""

import socket
from urllib.parse import unquote, urlsplit

TIMEOUT = 10  # seconds for each step of the conversation
_PIECE = 256 * 1024  # bytes


class NotScanned(Exception):
    """The daemon does not answer, or does not take it. Says what kind of failure it was."""


class Clamd:
    """The daemon at unix:///path or tcp://host:port."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)

    def finds(self, data: bytes) -> str:
        """The name of what it knows to be malicious in these bytes, or nothing; raises NotScanned."""
        try:
            with self._connect() as connection:
                connection.sendall(b"zINSTREAM\0")
                for place in range(0, len(data), _PIECE):
                    piece = data[place : place + _PIECE]
                    connection.sendall(len(piece).to_bytes(4) + piece)
                connection.sendall(bytes(4))
                answer = _all_of(connection)
        except OSError as error:
            raise NotScanned(type(error).__name__) from None
        return _read(answer)

    def _connect(self) -> socket.socket:
        if self._parts.scheme == "tcp":
            return socket.create_connection((self._parts.hostname or "", self._parts.port or 3310), timeout=TIMEOUT)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(unquote(self._parts.path))
        except OSError:
            connection.close()
            raise
        return connection


class NoScanner:
    """Where SCANNER_URL is not set."""

    def finds(self, _data: bytes) -> str:
        return ""


def from_url(url: str) -> Clamd | NoScanner:
    """The scanner that SCANNER_URL names."""
    return Clamd(url) if url else NoScanner()


def _all_of(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(4096):
        pieces.append(piece)
    return b"".join(pieces)


def _read(answer: bytes) -> str:
    """`stream: OK` or `stream: NAME FOUND`; whatever else it says, it has not looked at all of it."""
    said = answer.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")
    raise NotScanned("the scanner did not take it")
