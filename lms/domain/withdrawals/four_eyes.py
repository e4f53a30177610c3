"""The word of another admin that a case over the limit needs: who is asked for it, and who cannot give it."""

from collections.abc import Collection

from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.notices import actions as notices
from lms.domain.withdrawals.models import Withdrawal
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError, Forbidden


def check(by: User, given: Collection[int]) -> None:
    """Raises Forbidden for who may be one person with an admin who gave his word (`given`: their ids): two accounts are not four eyes."""
    if accounts.share_browser(by, given):
        raise Forbidden("You and who gave his word before may be one: another admin decides.")


def late(by: User, case: Withdrawal | Payout) -> DomainError | None:
    """The refusal (a DomainError, not raised) of an admin who was made one after the case was asked for, so that his word would not count; or None."""
    if not by.may_decide or by.may_decide_on(case.requested_at):
        return None
    return DomainError("You were made an admin after this was asked for: who was one before approves it. You may reject it.")


def ask(name: str, case: Withdrawal | Payout, by: User) -> None:
    """Tell every admin who may still give it: not its member, nor who gave one. Once for each who gave one; neither the sum nor whose it is, as it goes out by mail.

    `name`: withdrawal or payout, as its page is found by."""
    given = {approval.admin_id for approval in case.standing} if isinstance(case, Withdrawal) else {decision.by_id for decision in case.approvals}
    notices.tell_these(accounts.deciders({case.user_id, *given}, case.requested_at), "second word wanted", f"{name}:{case.id}:{by.id}", **{name: case.id}, case=case.id)
