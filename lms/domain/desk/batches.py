"""Several clean cases approved with one word."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import PAGE, db
from lms.domain.desk import risks, signals
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import actions, quotes, review
from lms.domain.withdrawals.models import Approval, Withdrawal
from lms.errors import DomainError

MOST = PAGE  # of the queue


@dataclass(frozen=True)
class Batch:
    """`gas` and `fee_wei` are what the releases will take by the last ones, None before there was any."""

    withdrawals: list
    gas: int | None
    fee_wei: int | None

    @property
    def total(self):
        """Millionths of TEO."""
        return sum(withdrawal.amount for withdrawal in self.withdrawals)


def chosen(ids, by):
    """The Batch of those of the ids that this admin may approve together with others, in their order; two or three statements."""
    who = selectinload(Withdrawal.approvals).joinedload(Approval.admin)
    rows = select(Withdrawal).where(Withdrawal.id.in_(sorted(set(ids))[:MOST])).options(joinedload(Withdrawal.user), who).order_by(Withdrawal.id)
    found = [withdrawal for withdrawal in db.session.scalars(rows) if obstacle(withdrawal, by) is None]
    pace = quotes.release_pace()
    return Batch(found, pace and pace.gas * len(found), pace and pace.fee_wei * len(found))


def obstacle(withdrawal, by):
    """The refusal (a DomainError, not raised) that keeps it out of a batch of this admin's, or None."""
    if withdrawal.state != "in review":
        return DomainError("Withdrawal %(number)d is not in review any more.", number=withdrawal.id)
    if withdrawal.risks:
        return DomainError("Withdrawal %(number)d bears signs of fraud: look at it by itself.", number=withdrawal.id)
    if withdrawal.is_held:
        return DomainError("Withdrawal %(number)d is on hold.", number=withdrawal.id)
    if withdrawal.user_id == by.id or by.id in {approval.admin_id for approval in withdrawal.standing}:
        return DomainError("Withdrawal %(number)d waits for another admin.", number=withdrawal.id)
    return None


def look_again(ids):
    """Write down the signs of fraud that came up since these were judged, which may be days ago. Answers the ids of those that bear a new one.

    To be committed before an approval, which is not given then."""
    rows = select(Withdrawal).where(Withdrawal.id.in_(sorted(set(ids))[:MOST]), Withdrawal.state == "in review").options(joinedload(Withdrawal.user))
    found = db.session.scalars(rows.order_by(Withdrawal.id).with_for_update(of=Withdrawal).execution_options(populate_existing=True)).all()
    changed = [withdrawal.id for withdrawal in found if _look_again(withdrawal)]
    db.session.flush()
    return changed


def _look_again(withdrawal):
    return review.add(withdrawal, risks.raised(signals.of(withdrawal), rulebook.version(withdrawal.rule_version).weights))


def approve(ids, by):
    """This admin's word for all of them, or for none: raises the first refusal. Answers the withdrawals, in their order."""
    if not ids:
        raise DomainError("Choose at least one withdrawal.")
    if len(set(ids)) > MOST:
        raise DomainError("At most %(most)d are approved at once.", most=MOST)
    approved = []
    for withdrawal_id in sorted(set(ids)):
        withdrawal = db.session.get(Withdrawal, withdrawal_id, with_for_update={"of": Withdrawal}, populate_existing=True)
        refusal = obstacle(withdrawal, by) if withdrawal else DomainError("Withdrawal %(number)d is not in review any more.", number=withdrawal_id)
        if refusal:
            raise refusal
        actions.approve(withdrawal, by)
        approved.append(withdrawal)
    return approved
