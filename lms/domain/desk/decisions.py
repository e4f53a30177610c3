"""What admins decide about a case: each only where he has no part in it himself, and approving only what he was shown."""

from collections.abc import Collection, Mapping

from lms.db import db
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.desk import linked_accounts
from lms.domain.withdrawals import actions
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError, Forbidden


def approve(withdrawal: Withdrawal, by: User, seen: str) -> None:
    """actions.approve of what bore the digest `seen` as it was shown to this admin: a sign of fraud that came up since he has not weighed."""
    _take(withdrawal, by)
    if refusal := actions.obstacle(withdrawal, by) or outdated(withdrawal, seen):
        raise refusal
    actions.approve(withdrawal, by)


def reject(withdrawal: Withdrawal, by: User, reason: str) -> None:
    _take(withdrawal, by)
    actions.reject(withdrawal, by, reason)


def hold(withdrawal: Withdrawal, by: User, reason: str, note: str = "") -> None:
    _take(withdrawal, by)
    actions.hold(withdrawal, by, reason, note)


def let_go_on(withdrawal: Withdrawal, by: User) -> None:
    _take(withdrawal, by)
    actions.let_go_on(withdrawal, by)


def outdated(withdrawal: Withdrawal, seen: str) -> DomainError | None:
    """The refusal (a DomainError, not raised) of one that is in review, and not as it was shown; or None."""
    if withdrawal.state == "in review" and withdrawal.digest != seen:
        return DomainError("It is not as you were shown it any more. Read it again, then decide.")
    return None


def is_party(withdrawal: Withdrawal, admin: User, ties: Mapping[int, Collection[str]] | None = None) -> bool:
    """Whether it is this admin's own, or he may be one with its member: a sign of fraud names him, or he shares the browser or the address. A network alone
    says nothing of that: behind a school's all admins would have a part in every case.

    `ties`: linked.ties, where they are known already."""
    named = [risk["facts"].get(who, ()) for risk in withdrawal.risks if risk["name"] != "shared network" for who in ("members", "mutual")]
    tied_by = (linked_accounts.ties(withdrawal) if ties is None else ties).get(admin.id, ())
    return admin.id == withdrawal.user_id or any(admin.id in ids for ids in named) or not {"address", "browser"}.isdisjoint(tied_by)


def partial(withdrawal: Withdrawal, by: User) -> DomainError | None:
    """The refusal (a DomainError, not raised) of an admin who may have a part in another's, or None. It tells him that he may, and nothing of what says so."""
    if withdrawal.user_id != by.id and is_party(withdrawal, by):
        return Forbidden("You may have a part in this withdrawal yourself: another admin decides.")
    return None


def _take(withdrawal: Withdrawal, by: User) -> None:
    """As it is now, locked, for who has no part in it. Who may not decide at all learns it by what he was to do."""
    membership.keeps_word(by)
    db.session.refresh(withdrawal, with_for_update={"of": Withdrawal})
    if refusal := partial(withdrawal, by):
        raise refusal
