"""How much may be asked for, and how often. Amounts in millionths of TEO. Who decides holds the lock of `actions.request`."""

from sqlalchemy import func, select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.keys import made
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import payout_details
from lms.domain.withdrawals.models import UNDONE, Withdrawal
from lms.errors import DomainError, Invalid


def check_member(user: User) -> None:
    """Refuse whose wallet lets nothing out, and the teacher of whom we do not know who he is."""
    if not user.is_active:
        raise DomainError("A suspended member withdraws nothing.")
    if user.is_frozen:
        raise DomainError("Your wallet is frozen: nothing leaves it until you end that.")
    if lacks_details(user):
        raise DomainError("Enter your payout details first: before a teacher's first payout, in TEO too, we must know to whom it goes.")


def lacks_details(user: User) -> bool:
    """Whether he teaches, or did, and has entered no payout details. TEO do not go to the bank named there, so that new ones hold at once."""
    return user.has_taught and payout_details.current(user.id) is None


def check(user: User, amount: int, rules: Rules) -> None:
    """Refuse by the amount, by what the member has open, and by what the platform has sent out of today's (UTC) limit."""
    if not rules.may_withdraw(amount):
        raise Invalid("A withdrawal is of %(lowest)d to %(highest)d TEO.", lowest=rules.withdrawal_lowest // MICRO, highest=rules.withdrawal_highest // MICRO)
    if not rules.may_open_another(open_count(user.id)):
        raise DomainError("You have %(count)d withdrawals open, and may have no more at a time. Wait for one to arrive, or cancel one.", count=rules.withdrawals_open)
    left = left_today(rules)
    if amount > left:
        raise DomainError("Today's limit for the withdrawals of all members is reached: %(left)d TEO are left of it. It begins anew at midnight UTC.", left=left // MICRO)


def obstacle(user: User, amount: int, available: int, rules: Rules, key: str | None = None) -> DomainError | None:
    """What `check_member` and `check` would refuse now, or that too little is available; None where nothing is in the way.

    Nothing is in the way of a form whose key has asked already: what is set aside now is its own."""
    if key and made(Withdrawal, key):
        return None
    try:
        check_member(user)
        check(user, amount, rules)
    except DomainError as refusal:
        return refusal
    return DomainError("You have too few TEO available for this.") if amount > available else None


def open_count(user_id: int) -> int:
    """The member's withdrawals that have neither arrived nor been undone."""
    return db.session.scalars(select(func.count()).where(Withdrawal.user_id == user_id, Withdrawal.state.not_in((*UNDONE, "sent")))).one()


def left_today(rules: Rules) -> int:
    """What is left of the day's limit of the platform."""
    rows = select(func.sum(Withdrawal.amount)).where(Withdrawal.requested_at >= rules.day_begins(clock.now()), Withdrawal.state.not_in(UNDONE))
    return rules.left_of_day(int(db.session.scalar(rows) or 0))
