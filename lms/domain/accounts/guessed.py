"""Passwords that are tried first: those that breaches have published, and those made of the words of this house."""

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

# Marks of published passwords, in order: set-up makes it by bin/common_passwords.py. Not the words: nobody shall read here what people choose.
FILE = Path(__file__).with_name("common_passwords.bin")
_SIZE = 5  # bytes of a mark: of ten million other passwords one is refused for nothing
# What a password of ours may not be made of alone; docs/security.md names them, too.
HOUSE_WORDS = (
    *("academy", "account", "admin", "administrator", "blockchain", "certificate", "coin", "course", "courses", "crypto", "login", "password", "platform"),
    *("polygon", "reward", "rewards", "school", "student", "teacher", "teo", "teocoin", "token", "tokens", "wallet", "welcome"),
)
_HOUSE = re.compile("|".join(sorted(HOUSE_WORDS, key=len, reverse=True)))
_LEFT = 3  # letters that make nothing of it: "my", "the"


def mark(password: str) -> bytes:
    """By what a password is found in FILE, however it is written in capitals."""
    return sha256(password.casefold().encode(errors="replace")).digest()[:_SIZE]


def is_published(password: str) -> bool:
    """Whether it is among those that breaches have published most often."""
    marks, wanted = _marks(), mark(password)
    low, high = 0, len(marks) // _SIZE
    while low < high:
        middle = (low + high) // 2
        if marks[middle * _SIZE : (middle + 1) * _SIZE] < wanted:
            low = middle + 1
        else:
            high = middle
    return marks[low * _SIZE : (low + 1) * _SIZE] == wanted


def is_of_the_house(password: str) -> bool:
    """Whether it is words of this house, with digits and signs around them: SchoolPlatform2026!"""
    letters = "".join(letter for letter in password.casefold() if letter.isalpha())
    left = _HOUSE.sub("", letters)
    return left != letters and len(left) <= _LEFT


@cache
def _marks() -> bytes:
    return FILE.read_bytes()
