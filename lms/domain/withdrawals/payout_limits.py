"""What a payout in euros may be: how much, how often, and how many admins it takes. Cents; the numbers are the rulebook's."""

from datetime import datetime

from sqlalchemy import func, select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import combined_amounts
from lms.domain.withdrawals.payout_models import OPEN, Payout, PayoutDetails
from lms.errors import DomainError, Invalid


def check_amount(amount: int, rules: Rules) -> None:
    if type(amount) is not int or not rules.may_pay_out(amount):
        raise Invalid("The least that is paid out is %(amount)s €.", amount=f"{rules.lowest_payout / 100:.2f}")


def usable_at(user: User, details: PayoutDetails) -> datetime:
    """From when a payout to these details can be asked for: who gets hold of an account and leads its euros elsewhere shall be seen before they go."""
    return _waits_by(user, details).usable_at(details.entered_at, user.password_changed_at)


def check_may_ask(user: User, rules: Rules, details: PayoutDetails | None) -> PayoutDetails:
    """The details. Raises DomainError for who is suspended or frozen, has said nowhere to pay or only just now, or has as many open payouts as there may be."""
    if not user.is_active:
        raise DomainError("A suspended member is paid nothing.")
    if user.is_frozen:
        raise DomainError("Your account is frozen: nothing leaves it until you unfreeze it.")
    if details is None:
        raise DomainError("Say first to whom and where we pay: your payout details are missing.")
    if clock.now() < usable_at(user, details):
        hours = _waits_by(user, details).address_wait_hours
        raise DomainError("New payout details wait %(hours)d hours before the first payout to them, and again after a new password.", hours=hours)
    if not rules.may_open_another(_open_count(user.id)):
        raise DomainError("You have %(count)d open payouts. Wait for one, or cancel it.", count=rules.withdrawals_open)
    return details


def recent(user_id: int, rules: Rules) -> int:
    """Millionths of TEO asked for in the days the rulebook looks back, in euros and in TEO, and not given back."""
    return combined_amounts.asked_for(user_id, rules.looks_back_to(clock.now()))


def _waits_by(user: User, details: PayoutDetails) -> Rules:
    return rulebook.in_force(Rules.wait_begins(details.entered_at, user.password_changed_at))


def _open_count(user_id: int) -> int:
    return db.session.scalars(select(func.count()).where(Payout.user_id == user_id, Payout.state.in_(OPEN))).one()
