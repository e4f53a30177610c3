"""Mail out of the house: to a real SMTP server on loopback, and into the outbox."""

import contextlib
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lms.gateways.mail import Letter, NotSent, Outbox, Smtp, from_url

SENDER = "SchoolPlatform <no-reply@example.org>"
LETTER = Letter("ana@example.org", "Bestätige", "Open http://127.0.0.1/verify/secret-token\n", "<p>Open</p>")


class Conversation(socketserver.StreamRequestHandler):
    """Just enough of SMTP to take a letter, or to refuse it."""

    def handle(self):
        with contextlib.suppress(ssl.SSLError):  # the other side refuses our certificate
            self._converse()

    def _converse(self):
        if self.server.tls_first:
            self._encrypt()
        self._say("220 hello")
        for line in self.rfile:
            verb = line.decode().strip().upper()
            self.server.heard.append(line.decode().strip())
            if verb.startswith("EHLO"):
                self._say("\r\n".join(["250-hello", *self.server.offers, "250 8BITMIME"]))
            elif verb == "STARTTLS":
                self._say("220 go on")
                self._encrypt()
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
            elif verb == "QUIT":
                self._say(self.server.bye)
                return
            elif verb.startswith("RCPT") and self.server.refuses:
                self._say("550 no such box ana@example.org")
            else:
                self._say("250 ok")

    def _take(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        self.server.letters.append(b"".join(lines))
        self._say("250 taken")

    def _encrypt(self):
        self.connection = self.server.certificate.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def _say(self, words):
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        server.letters, server.heard, server.offers, server.refuses, server.tls_first = [], [], [], False, False
        server.bye = "221 bye"
        server.at = f"127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def unknown(tmp_path):
    """A server's TLS with a certificate that it signed itself, for the right host."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    certificate = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = certificate.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    pem = certificate.add_extension(host, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    (tmp_path / "pair.pem").write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "pair.pem")
    return context


def test_a_letter_arrives_as_text_and_html(server):
    Smtp(f"smtp://{server.at}", SENDER).send(LETTER)
    message = message_from_bytes(server.letters[0], policy=policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "ana@example.org", "Bestätige")
    assert message.get_body(("plain",)).get_content().strip() == LETTER.text.strip()
    assert "<p>Open</p>" in message.get_body(("html",)).get_content()
    assert message["Message-ID"].endswith("@example.org>")


def test_a_password_does_not_travel_without_tls(server):
    with pytest.raises(NotSent) as refusal:
        Smtp(f"smtp://school:pass-word@{server.at}", SENDER).send(LETTER)
    assert "offers no TLS" in str(refusal.value)
    assert not any(line.upper().startswith("AUTH") for line in server.heard)


def test_a_letter_with_its_secret_link_goes_to_no_other_machine_without_tls(server):
    gateway = Smtp(f"smtp://{server.at}", SENDER)
    gateway.stays_here = Smtp("smtp://mail.example.org", SENDER).stays_here
    with pytest.raises(NotSent, match="offers no TLS"):
        gateway.send(LETTER)
    assert server.letters == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_nobody_knows_is_refused(server, unknown, scheme):
    server.offers, server.certificate, server.tls_first = ["250-STARTTLS"], unknown, scheme == "smtps"
    with pytest.raises(NotSent, match="SSLCertVerificationError"):
        Smtp(f"{scheme}://school:pass-word@{server.at}", SENDER).send(LETTER)
    assert server.letters == []


@pytest.mark.parametrize("state", ["refuses", "gone"])
def test_a_failure_says_neither_letter_nor_password(server, state):
    server.refuses = state == "refuses"
    at = server.at if state == "refuses" else "127.0.0.1:1"
    user = "" if state == "refuses" else "school:pass-word@"
    with pytest.raises(NotSent) as refusal:
        Smtp(f"smtp://{user}{at}", SENDER).send(LETTER)
    for secret in ("secret-token", "pass-word", "ana@example.org"):
        assert secret not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("bye", ["421 closing down", "no number"])
def test_a_letter_that_was_taken_is_sent_whatever_comes_after_it(server, bye):
    """Or it would go out again with each further try."""
    server.bye = bye
    Smtp(f"smtp://{server.at}", SENDER).send(LETTER)
    assert len(server.letters) == 1 and server.heard[-1].upper() == "QUIT"


@pytest.mark.parametrize("field", ["to", "subject"])
def test_no_header_can_be_smuggled_in(server, tmp_path, field):
    letter = Letter(**{**vars(LETTER), field: "x@example.org\r\nBcc: all@example.org"})
    for gateway in (Smtp(f"smtp://{server.at}", SENDER), Outbox(tmp_path, SENDER)):
        with pytest.raises(NotSent):
            gateway.send(letter)
    assert server.letters == []
    assert list(tmp_path.iterdir()) == []


def test_the_outbox_gives_back_what_was_sent_newest_first(tmp_path):
    box = Outbox(tmp_path / "outbox", SENDER)
    assert box.newest() == []
    for subject in ("First", "Second", "Third"):
        box.send(Letter("ana@example.org", subject, f"{subject}\n\nécrit\n", "<p></p>"))
    assert [letter.subject for letter in box.newest(2)] == ["Third", "Second"]
    assert box.newest()[0].text == "Third\n\nécrit\n"
    assert (tmp_path / "outbox").stat().st_mode & 0o077 == 0


def test_a_letter_in_the_outbox_without_text_is_shown_empty(tmp_path):
    head = "To: ana@example.org\nSubject: Hello\nDate: Fri, 1 May 2026 10:00:00 +0000\nContent-Type: text/html"
    (tmp_path / f"{1:020}-{'a' * 16}.eml").write_text(f"{head}\n\n<p>Hello</p>")
    [sent] = Outbox(tmp_path, SENDER).newest()
    assert (sent.subject, sent.text) == ("Hello", "")


def test_a_full_or_forbidden_disk_is_a_failure_that_says_its_kind(tmp_path):
    (tmp_path / "outbox").write_text("no directory")
    with pytest.raises(NotSent, match="FileExistsError"):
        Outbox(tmp_path / "outbox", SENDER).send(LETTER)


def test_the_setting_names_the_gateway():
    assert from_url("outbox:///var/mail%20box", SENDER).directory.as_posix() == "/var/mail box"
    assert (from_url("smtps://mail.example.org", SENDER).port, from_url("smtp://mail.example.org", SENDER).port) == (465, 587)
    assert from_url("smtp://a%40b:c%2Fd@mail.example.org", SENDER).password == "c/d"
