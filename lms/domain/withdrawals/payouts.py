"""A teacher's euros from the request to his bank, each step once. Amounts in cents."""

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import EUR
from lms.domain.ledger.keys import made
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import MICRO_PER_CENT
from lms.domain.withdrawals import four_eyes, halt, payout_details
from lms.domain.withdrawals import payout_limits as limits
from lms.domain.withdrawals import payout_steps as steps
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError, Invalid

LONGEST_REASON, LONGEST_REFERENCE = 2000, 140


def request(key: str, user: User, amount: int) -> Payout:
    """Set `amount` aside for the member's bank, once per key; an admin looks at it. Raises Invalid, DomainError, or Overdraft when it is not there."""
    payout_details.lock(user)
    if first := made(Payout, key, user_id=user.id, amount=amount):
        return first
    rules, entered = rulebook.in_force(), payout_details.current(user.id)
    limits.check_amount(amount, rules)
    details = limits.check_may_ask(user, rules, entered)
    recent = limits.recent(user.id, rules) + amount * MICRO_PER_CENT
    admins = rules.admins_needed(recent, rules.review_flags(recent, is_teacher=True))
    payout = Payout(key=key, user_id=user.id, details_id=details.id, amount=amount, admins=admins, rule_version=rules.number, requested_at=clock.now())
    db.session.add(payout)
    db.session.flush()
    available, requested = steps.account(payout, "available"), steps.account(payout, "requested")
    ledger.lock(available, requested)
    steps.move(payout, "requested", available, requested, available=available.balance, recent=recent // MICRO_PER_CENT, admins=payout.admins)
    steps.tell(payout, "payout requested")
    return payout


def approve(payout: Payout, by: User) -> None:
    """One admin's word; the last that is needed lets it go to the bank."""
    steps.check_admin(payout, by)
    steps.lock(payout)
    if payout.state != "in review":
        raise DomainError("This payout is not in review any more.")
    halt.check()
    if refusal := four_eyes.late(by, payout):
        raise refusal
    _check_open(payout)
    if by.id in [decision.by_id for decision in payout.approvals]:
        raise DomainError("You have approved it already. It needs another admin, too.")
    four_eyes.check(by, {decision.by_id for decision in payout.approvals})
    steps.note(payout, by, "approved")
    if len(payout.approvals) >= payout.admins:
        payout.state = "approved"
        steps.tell(payout, "payout approved")
    else:
        four_eyes.ask("payout", payout, by)
    db.session.flush()


def reject(payout: Payout, by: User, reason: str) -> None:
    """Give it back, with a reason the member reads, before it is at the bank."""
    check_reason(reason)
    steps.check_admin(payout, by)
    steps.lock(payout)
    if payout.state not in ("in review", "approved"):
        raise DomainError("This payout is over, or at the bank.")
    steps.note(payout, by, "rejected", reason=reason)
    steps.give_back(payout, "rejected", reason=reason, by=by.id)
    payout.reason = reason
    steps.tell(payout, "payout rejected", why=reason)
    db.session.flush()


def mark_paid(payout: Payout, by: User, reference: str, by_hand: bool = False) -> None:
    """The bank has paid it under this reference, once. Who paid it `by_hand` is refused where it went into a file meanwhile, which would pay it again.

    What the bank has is settled as usual, whatever became of its member since; what it does not have would leave now, and stays with who is suspended or frozen."""
    check_reference(reference)
    steps.check_admin(payout, by)
    steps.lock(payout)
    if payout.state not in ("approved", "exported"):
        raise DomainError("Only an approved payout is paid, and once.")
    if by_hand and payout.state == "exported":
        raise DomainError("This payout went into a bank file meanwhile. If you have paid it by hand, see that the bank does not pay it again.")
    halt.check()
    if payout.state == "approved":
        _check_open(payout)
    steps.note(payout, by, "paid", reference=reference)
    steps.move(payout, "paid", steps.account(payout, "requested"), books.platform(EUR, "bank"), reference=reference, by=by.id)
    payout.state, payout.bank_reference, payout.ended_at = "paid", reference, clock.now()
    steps.tell(payout, "payout paid")
    db.session.flush()


def mark_returned(payout: Payout, by: User, reason: str) -> None:
    """The bank has sent it back, at once or days after it paid it: available again, with a reason the member reads. Also while payouts are stopped: nothing leaves."""
    check_reason(reason)
    steps.check_admin(payout, by)
    steps.lock(payout)
    if payout.state not in ("exported", "paid"):
        raise DomainError("Only a payout that is at the bank comes back from it, and once.")
    bank, requested, available = books.platform(EUR, "bank"), steps.account(payout, "requested"), steps.account(payout, "available")
    ledger.lock(bank, requested, available)
    steps.note(payout, by, "returned", reason=reason)
    if payout.state == "paid":  # what is owed is repaid by what becomes available, next
        steps.move(payout, "returned", bank, requested, repays=False, reference=payout.bank_reference, reason=reason, by=by.id)
    steps.give_back(payout, "returned", reason=reason, by=by.id)
    payout.reason = reason
    steps.tell(payout, "payout returned", why=reason)
    db.session.flush()


def cancel(payout: Payout) -> None:
    """Its member does not want it any more, while nobody has approved it whole."""
    steps.lock(payout)
    if payout.state != "in review":
        raise DomainError("This payout cannot be cancelled any more.")
    steps.give_back(payout, "cancelled")
    db.session.flush()


def _check_open(payout: Payout) -> None:
    if payout.user.is_shut:
        raise DomainError("This account is suspended or frozen: nothing leaves it.")


def check_reference(reference: str) -> None:
    if not 1 <= len(reference) <= LONGEST_REFERENCE:
        raise Invalid("A bank reference has 1 to %(count)d characters.", count=LONGEST_REFERENCE)


def check_reason(reason: str) -> None:
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid("A reason has 1 to %(count)d characters.", count=LONGEST_REASON)
