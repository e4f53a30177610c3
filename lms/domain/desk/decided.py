"""Withdrawals that are decided: what became of them, when, and by whose word."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import Page, db, page_of
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.desk import search
from lms.domain.onchain.models import Operation
from lms.domain.withdrawals.models import UNDECIDED, Approval, Withdrawal

OUTCOMES = {"approved": ("approved", "queued", "sent"), "rejected": ("rejected",), "cancelled": ("cancelled",), "failed": ("failed",)}  # by what is asked for: states


@dataclass(frozen=True)
class Decided:
    """`rejected_by` is the name of the admin who said no, or None."""

    withdrawal: Withdrawal
    rejected_by: str | None

    @property
    def outcome(self) -> str:
        return next(outcome for outcome, states in OUTCOMES.items() if self.withdrawal.state in states)

    @property
    def approved_by(self) -> list[str]:
        """Names of those who approved what it is, also of who is no admin any more."""
        is_meant = (self.withdrawal.amount, self.withdrawal.to)
        return [approval.admin.name for approval in self.withdrawal.approvals if (approval.amount, approval.to) == is_meant]


def page(outcome: str = "", word: str = "", number: int = 1) -> Page[Decided]:
    """One page of the Decided, the newest decision first; at most five statements. Every outcome where it is none. `word`: as in search.matching."""
    found = page_of(rows(outcome, word).options(*_WHOLE), number)
    names = _rejecters(found.items)
    decided = [Decided(withdrawal, names.get(f"withdrawal {withdrawal.id}")) for withdrawal in found.items]
    return Page(decided, found.number, found.total, found.size)


def rows(outcome: str = "", word: str = "") -> Select[Withdrawal]:
    """Of the withdrawals of a page, in its order."""
    states = Withdrawal.state.in_(OUTCOMES[outcome]) if outcome in OUTCOMES else Withdrawal.state.not_in(UNDECIDED)
    return select(Withdrawal).where(states, *search.matching(word)).order_by(_decided_at.desc(), Withdrawal.id.desc())


def _rejecters(withdrawals: Iterable[Withdrawal]) -> dict[str, str]:
    """{subject in the audit log: name of who rejected it}."""
    subjects = [f"withdrawal {withdrawal.id}" for withdrawal in withdrawals]
    rows = select(LogEntry.subject, User.name).join(User, User.id == LogEntry.by_id)
    return dict(db.session.execute(rows.where(LogEntry.subject.in_(subjects), LogEntry.action == "withdrawal rejected")).all())


_decided_at = func.coalesce(Withdrawal.decided_at, Withdrawal.requested_at)  # an operator's is decided as it is asked for
_WHOLE = (
    joinedload(Withdrawal.user),
    joinedload(Withdrawal.operation).selectinload(Operation.entries),
    selectinload(Withdrawal.approvals).joinedload(Approval.admin),
)
