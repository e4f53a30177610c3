"""Withdrawals looked for by a word."""

from sqlalchemy import ColumnElement, func, select

from lms.domain.accounts import queries as members
from lms.domain.accounts.models import User
from lms.domain.withdrawals.models import Withdrawal

_ADDRESS = 42  # characters of a whole one


def matching(word: str) -> list[ColumnElement[bool]]:
    """What those fulfil that the word is about: it is in the name or the e-mail address of the member, or begins the address it goes to. Nothing for no word."""
    if not word:
        return []
    to, word = func.lower(Withdrawal.to), word.lower()
    goes_there = to == word if len(word) == _ADDRESS else to.startswith(word, autoescape=True)
    return [goes_there if word.startswith("0x") else Withdrawal.user_id.in_(select(User.id).where(members.is_called(word)))]
