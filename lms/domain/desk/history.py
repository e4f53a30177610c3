"""What was decided about a withdrawal so far, from the audit log: a hold that was ended and an approval that counts no more stand there alone."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.withdrawals.models import Withdrawal


@dataclass(frozen=True)
class Step:
    """A row of the log; `by` is the name of who did it, None of an operator's. `whose`: the name of him whose approvals were voided, where they were."""

    entry: LogEntry
    by: str | None
    whose: str | None = None


def of(withdrawal: Withdrawal) -> list[Step]:
    """The Steps, oldest first; one statement."""
    is_voided = (LogEntry.action == "approvals voided") & LogEntry.details["withdrawals"].contains([withdrawal.id])
    rows = select(LogEntry, User.name).outerjoin(User, User.id == LogEntry.by_id)
    found = db.session.execute(rows.where(or_(LogEntry.subject == f"withdrawal {withdrawal.id}", is_voided), LogEntry.number.is_not(None)).order_by(LogEntry.number)).all()
    names = {f"member {entry.by_id}": name for entry, name in found}  # who approved it is named above
    return [Step(entry, name, names.get(entry.subject)) for entry, name in found]
