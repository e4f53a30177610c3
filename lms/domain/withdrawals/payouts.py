"""A teacher's euros from the request to his bank, each step once. Amounts in cents."""

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.keys import made
from lms.domain.ledger.models import EUR
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import MICRO_PER_CENT
from lms.domain.withdrawals import halt, payout_details
from lms.domain.withdrawals import payout_limits as limits
from lms.domain.withdrawals.payout_models import Payout, PayoutDecision
from lms.errors import DomainError, Invalid

LONGEST_REASON, LONGEST_REFERENCE = 2000, 140


def request(key, user, amount):
    """Set `amount` aside for the member's bank, once per key; an admin looks at it. Raises Invalid, DomainError, or Overdraft when it is not there."""
    payout_details.lock(user)
    if first := made(Payout, key, user_id=user.id, amount=amount):
        return first
    rules, details = rulebook.in_force(), payout_details.current(user.id)
    limits.check_amount(amount, rules)
    limits.check_may_ask(user, rules, details)
    recent = limits.recent(user.id, rules) + amount * MICRO_PER_CENT
    admins = rules.admins_needed(recent, rules.review_flags(recent, is_teacher=True))
    payout = Payout(key=key, user_id=user.id, details_id=details.id, amount=amount, admins=admins, rule_version=rules.number, requested_at=clock.now())
    db.session.add(payout)
    db.session.flush()
    available, requested = _account(payout, "available"), _account(payout, "requested")
    ledger.lock(available, requested)
    _move(payout, "requested", available, requested, available=available.balance, recent=recent // MICRO_PER_CENT, admins=payout.admins)
    _tell(payout, "payout requested")
    return payout


def approve(payout, by):
    """One admin's word; the last that is needed lets it go to the bank."""
    _lock(payout)
    _check_admin(payout, by)
    if payout.state != "in review":
        raise DomainError("This payout is not in review any more.")
    halt.check()
    if payout.user.is_shut:
        raise DomainError("This account is suspended or frozen: nothing leaves it.")
    if by.id in [decision.by_id for decision in payout.approvals]:
        raise DomainError("You have approved it already. It needs another admin, too.")
    _note(payout, by, "approved")
    if len(payout.approvals) >= payout.admins:
        payout.state = "approved"
        _tell(payout, "payout approved")
    db.session.flush()


def reject(payout, by, reason):
    """Give it back, with a reason the member reads: while it is in review, or when the bank did not take it."""
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid("A reason has 1 to %(count)d characters.", count=LONGEST_REASON)
    _lock(payout)
    _check_admin(payout, by)
    _check_open(payout)
    _note(payout, by, "rejected", reason=reason)
    _give_back(payout, "rejected", reason=reason, by=by.id)
    payout.reason = reason
    _tell(payout, "payout rejected", why=reason)
    db.session.flush()


def mark_paid(payout, by, reference):
    """The bank has it under this reference; once."""
    if not 1 <= len(reference) <= LONGEST_REFERENCE:
        raise Invalid("A bank reference has 1 to %(count)d characters.", count=LONGEST_REFERENCE)
    _lock(payout)
    _check_admin(payout, by)
    if payout.state != "approved":
        raise DomainError("Only an approved payout is paid, and once.")
    halt.check()
    _note(payout, by, "paid", reference=reference)
    _move(payout, "paid", _account(payout, "requested"), books.platform(EUR, "bank"), reference=reference, by=by.id)
    payout.state, payout.bank_reference, payout.ended_at = "paid", reference, clock.now()
    _tell(payout, "payout paid")
    db.session.flush()


def cancel(payout):
    """Its member does not want it any more, while nobody has approved it whole."""
    _lock(payout)
    if payout.state != "in review":
        raise DomainError("This payout cannot be cancelled any more.")
    _give_back(payout, "cancelled")
    db.session.flush()


def _check_admin(payout, by):
    if not by.is_admin or by.id == payout.user_id:
        raise DomainError("Only another admin may decide on this payout.")


def _check_open(payout):
    if not payout.is_open:
        raise DomainError("This payout is over.")


def _note(payout, by, verdict, **details):
    log.record(f"payout {verdict}", f"payout {payout.id}", by, member=payout.user_id, amount=payout.amount, **details)
    db.session.add(PayoutDecision(payout_id=payout.id, by_id=by.id, verdict=verdict, at=clock.now()))
    db.session.flush()
    db.session.expire(payout, ["decisions"])


def _give_back(payout, state, **evidence):
    _move(payout, "given back", _account(payout, "requested"), _account(payout, "available"), **evidence)
    payout.state, payout.ended_at = state, clock.now()


def _move(payout, step, source, target, **evidence):
    evidence |= {"payout": payout.id, "iban": payout.details.masked_iban}
    return ledger.post(f"payout:{payout.id}:{step}", source, target, payout.amount, f"payout {step}", evidence=evidence, rule_version=payout.rule_version)


def _account(payout, name):
    return books.member(payout.user_id, EUR, name)


def _tell(payout, kind, **facts):
    notices.tell(payout.user_id, kind, f"payout:{payout.id}", payout=payout.id, amount=payout.amount, **facts)


def _lock(payout):
    """As it is now; who cancels, approves, rejects and pays come one after the other. Locked first: reading it may join what cannot be locked with it."""
    db.session.execute(select(Payout.id).where(Payout.id == payout.id).with_for_update(key_share=True))
    db.session.refresh(payout)
    db.session.expire(payout, ["decisions"])
    db.session.refresh(payout.user, ["suspended_at", "frozen_at"])
