"""Mail out of the house: by SMTP, or into a directory that the demo's outbox page shows."""

import re
import secrets
import smtplib
import ssl
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lms import clock
from lms.config_values import stays_here

TIMEOUT = 20  # seconds for each step of the conversation
_FILE = re.compile(r"\d{20}-[0-9a-f]{16}\.eml")


class NotSent(Exception):
    """The mail did not go out. Says what kind of failure it was, never what the mail or the settings hold."""


@dataclass(frozen=True)
class Letter:
    """What one member reads, as text and as HTML."""

    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Sent:
    """A letter as the outbox shows it."""

    to: str
    subject: str
    text: str
    at: datetime


class Smtp:
    """smtp:// asks for TLS first and insists on it, but for a server of this machine without a password; smtps:// begins with it."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 587)
        self.tls_first, self.stays_here = parts.scheme == "smtps", stays_here(url)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.sender = sender

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server; raises NotSent."""
        try:
            with closing(self._connect()) as server:
                self._secure(server)
                server.send_message(_message(letter, self.sender))
                with suppress(smtplib.SMTPException, OSError):  # it has the letter: how it says good-bye must not send that once more
                    server.quit()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # The cause may quote a header, an address or the conversation: only its kind goes on.
            raise NotSent(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        if self.tls_first:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=ssl.create_default_context())
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if not self.tls_first and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if not isinstance(server.sock, ssl.SSLSocket) and (self.user or not self.stays_here):
            raise NotSent("the server offers no TLS, and neither password nor letter travels without")
        if self.user:
            server.login(self.user, self.password)


class Outbox:
    """A directory of .eml files that only its owner reads, since letters hold secret links."""

    def __init__(self, directory: str | Path, sender: str) -> None:
        self.directory = Path(directory)
        self.sender = sender

    def send(self, letter: Letter) -> None:
        """Write the letter, whole or not at all; raises NotSent."""
        try:
            message = bytes(_message(letter, self.sender))
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.directory / f"{time.time_ns():020d}-{secrets.token_hex(8)}.eml"
            path.with_suffix(".draft").write_bytes(message)
            path.with_suffix(".draft").rename(path)
        except (OSError, ValueError) as error:
            raise NotSent(type(error).__name__) from None

    def newest(self, limit: int = 30) -> list[Sent]:
        """The last letters as Sent, newest first."""
        if not self.directory.is_dir():
            return []
        names = sorted((path.name for path in self.directory.iterdir() if _FILE.fullmatch(path.name)), reverse=True)
        return [self._read(name) for name in names[:limit]]

    def _read(self, name: str) -> Sent:
        message = message_from_bytes((self.directory / name).read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content().replace("\r\n", "\n") if body else ""
        return Sent(message["To"], message["Subject"], text, message["Date"].datetime)


def from_url(url: str, sender: str) -> Outbox | Smtp:
    """The gateway that MAIL_URL names."""
    return Outbox(unquote(urlsplit(url).path), sender) if url.startswith("outbox:") else Smtp(url, sender)


def _message(letter: Letter, sender: str) -> EmailMessage:
    """The letter in MIME; raises ValueError when a line break would smuggle in a header."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
