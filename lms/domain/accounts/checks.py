"""What a name and a password may be, and the one spelling of an address."""

import re
import unicodedata

from lms.domain.accounts import guessed
from lms.errors import Invalid

PASSWORD_LENGTH = 10
# What is left of bytes that are no UTF-8: in a multipart form, and in one that is url-encoded.
_BROKEN = re.compile("\ufffd|%[89A-F][0-9A-F]")
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def normal(email: str) -> str:
    """One spelling an address: the domain part and the box are compared in lower case."""
    return email.strip().lower()


def check_password(password: str, email: str) -> None:
    """Raises Invalid for a password that is too short or too long, the member's address, or one that is tried first."""
    if len(password) < PASSWORD_LENGTH:
        raise Invalid("A password has at least %(count)d characters.", count=PASSWORD_LENGTH)
    if len(password) > 200:
        raise Invalid("A password has at most 200 characters.")
    if password.lower() in (normal(email), normal(email).split("@")[0]):
        raise Invalid("A password must not be your address.")
    if guessed.is_published(password) or guessed.is_of_the_house(password):
        raise Invalid("This password is among those that are guessed first. Choose another.")


def clean_name(name: str) -> str:
    """The name with single spaces; raises Invalid for one that is empty, too long, or holds what cannot be shown."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise Invalid("A name has 1 to 80 characters.")
    if _BROKEN.search(name) or any(_is_unreadable(letter) for letter in name):
        raise Invalid("This name holds a character we cannot show.")
    return name


def _is_unreadable(letter: str) -> bool:
    """Control characters, and marks that turn the direction of the text round a name."""
    return unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") or letter in _TURNS
