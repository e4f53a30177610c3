"""No password is taken that is tried first."""

from itertools import pairwise

import pytest

from lms.domain.accounts import guessed
from lms.domain.accounts.checks import check_password
from lms.errors import Invalid


def refuses(password):
    with pytest.raises(Invalid) as refused:
        check_password(password, "ana@example.org")
    return str(refused.value)


@pytest.mark.parametrize("password", ["1234567890", "password123", "PASSWORD123", "qwertyuiop", "1q2w3e4r5t", "manchester"])
def test_what_breaches_have_published_is_refused_however_its_capitals_stand(password):
    assert refuses(password) == "This password is among those that are guessed first. Choose another."


def test_a_hundred_thousand_of_them_are_known_and_found_from_the_first_to_the_last():
    data = guessed.FILE.read_bytes()
    marks = [data[place : place + 5] for place in range(0, len(data), 5)]
    assert len(marks) > 100_000 and all(one < other for one, other in pairwise(marks))


@pytest.mark.parametrize("place", [0, 1, -1])
def test_the_first_and_the_last_mark_are_found(monkeypatch, place):
    words = sorted(["ten letters", "more letters", "yet others", "one too many", "and the last"], key=guessed.mark)
    monkeypatch.setattr(guessed, "_marks", lambda: b"".join(map(guessed.mark, words)))
    assert guessed.is_published(words[place]) and not guessed.is_published("none of them")


@pytest.mark.parametrize("password", ["SchoolPlatform2026!", "teocoin-wallet", "My-School-Admin", "student-1234567", "¡TEO TEO TEO!"])
def test_words_of_the_house_alone_are_no_password(password):
    assert refuses(password).startswith("This password is among those")


@pytest.mark.parametrize("password", ["correct horse battery", "a long enough phrase", "learn-and-earn", "my wallet is made of paper", "🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔", "x" * 200])
def test_any_other_is_taken_whatever_it_is_made_of(password):
    check_password(password, "ana@example.org")
