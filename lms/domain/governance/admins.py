"""How an admin loses his role or his account, and with it his word: what he approved or proposed and was not carried out yet, as a thief may have done it."""

from lms.domain.accounts import membership
from lms.domain.desk import approvals
from lms.domain.governance import drafts


def set_role(user, role, by):
    """membership.set_role, and what goes with the role."""
    membership.set_role(user, role, by)
    _take_back(user, by)


def suspend(user, by):
    """membership.suspend, and what goes with the account."""
    membership.suspend(user, by)
    _take_back(user, by)


def _take_back(user, by):
    if not user.may_decide:
        approvals.void(user, by)
        drafts.take_back_proposals(user, by)
