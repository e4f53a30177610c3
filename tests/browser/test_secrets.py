"""Secrets are planted, a whole purchase is made, and then all that is written, kept or shown is searched for them."""

import base64
import contextlib
import json
import re
import secrets
import subprocess
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from itsdangerous import base64_decode

from lms.chain.custodial_keys import SealedKey, open_key
from lms.chain.key_encryption import Keks, LocalKek
from lms.jobs.wallets import owner
from rig import tools
from tests.e2e.visitor import Visitor

COURSE = "statistics-you-can-argue-with"
MARKER = f"harmless-{secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def story(site):
    """What a visitor's whole purchase leaves behind: {place: text}, and the secrets that were used by name."""
    password, mistyped, new_password = (f"secret-{secrets.token_hex(8)}" for _ in range(3))
    visitor, pages, heard = Visitor(site.url), [], Ear(site.redis.url)
    visitor.http.hooks["response"].append(lambda answer, **_: pages.append(answer))
    visitor.get(f"/courses?q={MARKER}")
    visitor.http.get(f"{site.url}/courses/{MARKER}")
    email = visitor.apply(password, MARKER)
    verification = visitor.link_for(email, "verify")
    visitor.send(verification)
    visitor.http.post(f"{site.url}/log-in", data={**visitor.hidden("/log-in"), "email": email, "password": mistyped})
    visitor.send("/password/forgotten", email=email)
    reset = visitor.link_for(email, "password")
    visitor.send(reset, password=new_password)
    visitor.log_in(email, new_password)
    visitor.buy(COURSE)
    visitor.study(COURSE, 1)
    cookie = visitor.http.cookies["session"]
    used = {
        "password": password,
        "mistyped password": mistyped,
        "new password": new_password,
        "verification token": verification.rpartition("/")[2],
        "reset token": reset.rpartition("/")[2],
        "session cookie": cookie,
        "session token": _token_in(cookie),
        **_of_the_site(site),
        **_of_the_wallet(site, email),
    }
    places = {
        "logs": "\n".join(path.read_text(errors="replace") for path in (site.directory / "log").iterdir()),
        "pages": "\n".join(answer.text for answer in pages if _is_no_letter(answer)),
        "Redis": kept_in_redis(site.redis.url) + heard.everything(),
        "PostgreSQL": dump(_database(site)),
    }
    return places, used


@pytest.mark.parametrize("place", ["logs", "pages", "Redis", "PostgreSQL"])
def test_a_harmless_marker_is_found_where_no_secret_is(story, place):
    places, used = story
    assert MARKER in places[place]
    assert [name for name, secret in used.items() if secret in places[place]] == []


def _of_the_site(site):
    signer = json.loads(Path(site.worker_env["SIGNER_FILES"]).read_text())
    sealed = SealedKey(signer["address"], bytes.fromhex(signer["ciphertext"]), bytes.fromhex(signer["wrapped_key"]), signer["kek_version"])
    return {
        **_opened("signer", sealed, "signer", site),
        "SECRET_KEY": site.web_env["SECRET_KEY"],
        "webhook secret": site.web_env["PAYMENT_WEBHOOK_SECRET"],
        "KEK": site.worker_env["KEK"],
        "database password": urlsplit(site.web_env["DATABASE_URL"]).password,
        "signer's ciphertext": signer["ciphertext"],
        "signer's wrapped key": signer["wrapped_key"],
    }


def _of_the_wallet(site, email):
    """The key of the address that the visitor's rewards came to."""
    with psycopg.connect(_database(site)) as connection:
        holder_id, *sealed = connection.execute(
            """SELECT w.holder_id, w.address, w.ciphertext, w.wrapped_key, w.kek_version
               FROM wallets w JOIN holders h ON h.id = w.holder_id JOIN users u ON u.id = h.user_id WHERE u.email = %s""",
            [email],
        ).fetchone()
    return _opened("custodial", SealedKey(*sealed), owner(holder_id), site)


def _opened(whose, sealed, bound_to, site):
    """A private key in the clear, in each way of writing it down."""
    secret = open_key(sealed, bound_to, Keks(1, {1: LocalKek(base64.b64decode(site.worker_env["KEK"]))})).reveal()
    return {f"{whose} key, hex": secret.hex(), f"{whose} key, base64": base64.b64encode(secret).decode().rstrip("="), f"{whose} key, decimal": str(int.from_bytes(secret))}


def _database(site):
    return site.web_env["DATABASE_URL"].replace("+psycopg", "")


def _token_in(cookie):
    """The name of the server-side session, which Flask's cookie holds readable but signed."""
    payload = cookie.lstrip(".").partition(".")[0]
    packed = base64_decode(payload)
    return json.loads(zlib.decompress(packed) if cookie.startswith(".") else packed)["_user_id"]


def _is_no_letter(answer):
    """The outbox stands for the member's mailbox, and the page behind a link knows its own address."""
    return not re.search("/outbox|/verify/|/password/", answer.url)


class Ear:
    """Hears all that is published on Redis."""

    def __init__(self, url):
        self.subscription = redis.Redis.from_url(url).pubsub(ignore_subscribe_messages=True)
        self.subscription.psubscribe("*")
        self.subscription.get_message(timeout=5)

    def everything(self):
        heard = []
        while message := self.subscription.get_message():
            heard.append(_text(message["data"]))
        self.subscription.close()
        assert heard, "nothing was published"
        return "\n".join(heard)


def kept_in_redis(url):
    """All keys and values, with the payloads of jobs unpacked; the marker stands in a job nobody runs."""
    server = redis.Redis.from_url(url)
    server.hset(f"nobodys-job:{MARKER[:4]}", "data", zlib.compress(MARKER.encode()))
    values = {key: _value(server, key) for key in server.scan_iter()}
    server.delete(f"nobodys-job:{MARKER[:4]}")
    kept = "\n".join(_text(part) for key, parts in values.items() for part in (key, *parts))
    assert [name for name in ("mail.send", "wallets.make", "settlement.settle") if f"lms.jobs.{name}" not in kept] == [], "jobs of the story are gone"
    return kept


def _value(server, key):
    readers = {
        b"string": lambda: [server.get(key) or b""],
        b"hash": lambda: [part for pair in server.hgetall(key).items() for part in pair],
        b"list": lambda: server.lrange(key, 0, -1),
        b"set": lambda: server.smembers(key),
        b"zset": lambda: server.zrange(key, 0, -1),
        b"stream": lambda: [part for _, fields in server.xrange(key) for pair in fields.items() for part in pair],
        b"none": list,  # it expired meanwhile
    }
    return readers[server.type(key)]()


def _text(data):
    with contextlib.suppress(zlib.error):
        data = zlib.decompress(data)
    return data.decode(errors="replace")


def dump(url):
    program = tools.postgres() / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([program, "--dbname", url, "--no-owner"], capture_output=True, text=True, check=True).stdout
