"""Whom the member of a case may be one with: who shares his address, his browser or his network, seen with what they asked for themselves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.desk import risk_signals
from lms.domain.withdrawals.models import UNDONE, Withdrawal

SHOWN = 20  # of the closest


@dataclass(frozen=True)
class Linked:
    """`ties`: of "address", "browser", "network" and "trade"; `withdrawn`: all that he asked for and was not undone, in millionths of TEO."""

    user: User
    ties: tuple[str, ...]
    withdrawn: int


def accounts(ties: Mapping[int, tuple[str, ...]], but: int | None = None) -> tuple[list[Linked], int]:
    """(the Linked with the most ties first, how many more there are) of these `ties`; one statement, none where there is nobody.

    `but`: id of who reads it, who is not to learn that he is one."""
    ties = {number: words for number, words in ties.items() if number != but}
    closest = sorted(ties, key=lambda number: (-len(ties[number]), ties[number], number))[:SHOWN]
    found = _with_what_they_asked_for(closest)
    return [Linked(found[number][0], ties[number], found[number][1]) for number in closest], len(ties) - len(closest)


def ties(withdrawal: Withdrawal) -> dict[int, tuple[str, ...]]:
    """{id: (words of Linked.ties)} of all that its member is tied to; two statements. Who only trades with him is a customer, not one of them."""
    found = risk_signals.of_others(withdrawal)
    by_word = {"address": found.same_address, "browser": found.same_device, "network": found.same_network}
    tied = {number: [word for word, numbers in by_word.items() if number in numbers] for number in {number for numbers in by_word.values() for number in numbers}}
    return {number: (*words, "trade") if number in found.partners else tuple(words) for number, words in tied.items()}


def _with_what_they_asked_for(numbers: Collection[int]) -> dict[int, tuple[User, int]]:
    if not numbers:
        return {}
    asked = func.coalesce(func.sum(Withdrawal.amount).filter(Withdrawal.state.not_in(UNDONE)), 0)
    rows = select(User, asked).outerjoin(Withdrawal, Withdrawal.user_id == User.id).where(User.id.in_(numbers)).group_by(User.id)
    return {user.id: (user, int(withdrawn)) for user, withdrawn in db.session.execute(rows)}
