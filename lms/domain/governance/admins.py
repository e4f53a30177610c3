"""How a member becomes an admin, and how an admin loses his role or his account, and with it his word: what he approved or proposed and was not carried
out yet, as a thief may have done it."""

from lms import clock
from lms.domain.accounts import membership
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.desk import approvals
from lms.domain.governance import drafts
from lms.domain.notices import actions as notices


def set_role(user: User, role: str, by: User) -> None:
    """membership.set_role, and what goes with the role. Its member is told, and of an admin made or unmade each other admin: none is made in silence."""
    before = membership.set_role(user, role, by)
    if before != user.role:
        _tell(user, before, by)
    _take_back(user, by)


def suspend(user: User, by: User, reason: str) -> None:
    """membership.suspend, and what goes with the account."""
    membership.suspend(user, by, reason)
    _take_back(user, by)


def _tell(user: User, before: str, by: User) -> None:
    at = clock.now().isoformat()
    facts = dict(before=before, role=user.role, at=at)
    notices.tell(user.id, "role changed", f"{user.id}:{at}", **facts)
    if "admin" in (before, user.role):
        notices.tell_these(accounts.deciders({user.id}), "role changed", f"{user.id}:{at}", **facts, member=user.id, name=user.name, by=by.name)


def _take_back(user: User, by: User) -> None:
    if not user.may_decide:
        approvals.void(user, by)
        drafts.take_back_proposals(user, by)
