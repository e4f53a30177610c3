"""Several clean cases approved with one word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import PAGE, db
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.desk import decisions, risk_checks, simulations
from lms.domain.withdrawals import actions, quotes
from lms.domain.withdrawals.models import Approval, Withdrawal
from lms.errors import DomainError, NotFound

MOST = PAGE  # of the queue


@dataclass(frozen=True)
class Batch:
    """`gas` and `fee_wei` are what the releases will take by the last ones. Before there was any: what they take at most by their simulations, where
    each has one of what it is now; else None."""

    withdrawals: list[Withdrawal]
    gas: int | None = None
    fee_wei: int | None = None
    is_simulated: bool = False

    @property
    def total(self) -> int:
        """Millionths of TEO."""
        return sum(withdrawal.amount for withdrawal in self.withdrawals)


def chosen(ids: Iterable[int], by: User) -> Batch:
    """The Batch of those of the ids that this admin may approve together with others, in their order; at most four statements."""
    who = selectinload(Withdrawal.approvals).joinedload(Approval.admin)
    rows = select(Withdrawal).where(Withdrawal.id.in_(sorted(set(ids))[:MOST])).options(joinedload(Withdrawal.user), who).order_by(Withdrawal.id)
    found = [withdrawal for withdrawal in db.session.scalars(rows) if obstacle(withdrawal, by) is None]
    pace = quotes.release_pace()
    if pace:
        return Batch(found, pace.gas * len(found), pace.fee_wei * len(found))
    gas, fee_wei = simulations.most(found)
    return Batch(found, gas, fee_wei, is_simulated=True)


def obstacle(withdrawal: Withdrawal, by: User) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps it out of a batch of this admin's, as far as its own rows say; or None."""
    if refusal := actions.obstacle(withdrawal, by):
        return refusal
    if withdrawal.risks:
        return DomainError("Withdrawal %(number)d bears signs of fraud: look at it by itself.", number=withdrawal.id)
    return None


def refused(seen: Mapping[int, str], by: User) -> dict[int, DomainError]:
    """{id: the DomainError that keeps it out} of those that this admin may not approve together, or that are not as he was shown them.

    `seen`: {id: the digest as it was shown to him}."""
    ids = sorted(seen)[:MOST]
    who = selectinload(Withdrawal.approvals).joinedload(Approval.admin)
    rows = select(Withdrawal).where(Withdrawal.id.in_(ids)).options(joinedload(Withdrawal.user), who)
    found = {withdrawal.id: withdrawal for withdrawal in db.session.scalars(rows)}
    refusals = {number: _refusal(found[number], by, seen[number]) if number in found else _unknown(number) for number in ids}
    return {number: refusal for number, refusal in refusals.items() if refusal}


def _refusal(withdrawal: Withdrawal, by: User, seen: str) -> DomainError | None:
    return obstacle(withdrawal, by) or decisions.outdated(withdrawal, seen) or decisions.partial(withdrawal, by)


def _unknown(number: int) -> DomainError:
    return NotFound("There is no withdrawal %(number)d.", number=number)


def look_again(ids: Iterable[int]) -> list[int]:
    """Write down the signs of fraud that came up, or say more, since these were judged, which may be days ago; a word given before counts no more.
    Answers the ids of those of which there is news.

    To be committed before an approval, which is not given then."""
    rows = select(Withdrawal).where(Withdrawal.id.in_(sorted(set(ids))[:MOST]), Withdrawal.state == "in review").options(joinedload(Withdrawal.user))
    found = db.session.scalars(rows.order_by(Withdrawal.id).with_for_update(of=Withdrawal).execution_options(populate_existing=True)).all()
    changed = [withdrawal.id for withdrawal in found if risk_checks.again(withdrawal)]
    db.session.flush()
    return changed


def approve(seen: Mapping[int, str], by: User) -> list[Withdrawal]:
    """This admin's word for all of them, or for none: raises the first refusal. Answers the withdrawals, in their order. `seen`: as in `refused`."""
    if not seen:
        raise DomainError("Choose at least one withdrawal.")
    if len(seen) > MOST:
        raise DomainError("At most %(most)d are approved at once.", most=MOST)
    membership.keeps_word(by)
    return [_approve(number, by, seen[number]) for number in sorted(seen)]


def _approve(number: int, by: User, seen: str) -> Withdrawal:
    withdrawal = db.session.get(Withdrawal, number, with_for_update={"of": Withdrawal}, populate_existing=True)
    if withdrawal is None:
        raise _unknown(number)
    if refusal := _refusal(withdrawal, by, seen):
        raise refusal
    actions.approve(withdrawal, by)
    return withdrawal
