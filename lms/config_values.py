"""How the text of an environment variable is read: each kind answers its value, or raises ValueError with what it must be."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError


def text(value):
    return value


def whole(value):
    number = int(value)
    if number < 0:
        raise ValueError("a number from 0 up")
    return number


def one_of(*choices):
    def parse(value):
        if value not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value

    return parse


def url(*schemes):
    def parse(value):
        if urlsplit(value).scheme not in schemes:
            raise ValueError("an address that begins with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value

    return parse


def directory(value):
    if not urlsplit(url("file")(value)).path.strip("/"):
        raise ValueError("an address that names a directory")
    return value


def database(value):
    return "postgresql+psycopg://" + url("postgresql", "postgres", "postgresql+psycopg")(value).split("://", 1)[1]


def urls(value):
    return tuple(url("http", "https")(each.strip()) for each in value.split(",") if each.strip())


def paths(value):
    return tuple(path.strip() for path in value.split(",") if path.strip())


def secret(value):
    if len(value) < 32:
        raise ValueError("at least 32 characters")
    return value


def stripe_key(value):
    if not re.fullmatch(r"(?:sk|rk)_(?:test|live)_\w{16,250}", value):
        raise ValueError("a secret or restricted key of Stripe, sk_live_… or rk_live_…; outside production of its test mode")
    return value


def _key(value):
    if re.fullmatch(r"kms:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d+:key/[\w-]+|vault:[\w/-]+/[\w-]+", value):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("32 bytes in base64, kms:ARN or vault:MOUNT/KEY")
    return key


def price(value):
    """Millionths of a euro."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
        raise ValueError("an amount in euros with at most six decimals, such as 0.2145")
    whole, _, fraction = value.partition(".")
    return int(whole) * 10**6 + int(f"{fraction:0<6}")


def iban(value):
    try:
        return stdnum_iban.validate(value)
    except ValidationError:
        raise ValueError("an IBAN, such as DE89 3704 0044 0532 0130 00") from None


def bic(value):
    try:
        return stdnum_bic.validate(value)
    except ValidationError:
        raise ValueError("a BIC of 8 or 11 characters, such as COBADEFFXXX") from None


@dataclass(frozen=True)
class Kek:
    """One version of the key encryption key: its 32 bytes, or kms:ARN or vault:MOUNT/KEY where a service keeps it."""

    version: int
    key: bytes | str = field(repr=False)


def kek(value):
    """VERSION:KEY; without a version it is the first."""
    version, secret_or_place = re.fullmatch(r"(?:([1-9]\d{0,5}):)?(.*)", value, re.DOTALL).groups()
    return Kek(int(version or 1), _key(secret_or_place))


def keks(value):
    return tuple(kek(each.strip()) for each in value.split(",") if each.strip())


def address(value):
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise ValueError("an address, 0x and 40 hexadecimal digits")
    return value


def stays_here(value: str) -> bool:
    """Whether what is sent to this address leaves the machine by no wire: nothing has to encrypt it."""
    parts = urlsplit(value)
    said = parse_qs(parts.query) if parts.scheme.startswith("postgres") else {}
    hosts = said.get("hostaddr") or said.get("host") or [parts.hostname or ""]
    return all(map(_is_here, ",".join(hosts).split(",")))


def _is_here(host: str) -> bool:
    """A name that begins as an address of this machine does is anybody's."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_encrypted(value: str) -> bool:
    """Whether what is sent to this address is, and to nobody else; a database takes what it is told by sslmode, and by itself falls back to clear text."""
    parts = urlsplit(value)
    if parts.scheme.startswith("postgres"):
        return parse_qs(parts.query).get("sslmode") == ["verify-full"]
    return parts.scheme in ("https", "rediss", "smtps")
