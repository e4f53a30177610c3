"""A withdrawal from the member's wish to the word that lets it go, or back. Its way to the chain is in `releases`."""

from collections.abc import Sequence

from lms import clock
from lms.db import Facts, db
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.keys import made
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import linked_addresses
from lms.domain.withdrawals import four_eyes, halt, limits, review
from lms.domain.withdrawals.models import Approval, Withdrawal
from lms.domain.withdrawals.steps import move, part, tell, tell_anew
from lms.errors import DomainError, Forbidden, Invalid

LONGEST_REASON, LONGEST_NOTE = 500, 2000


def request(key: str, user: User, linked_id: int, amount: int, is_prompt: bool = False) -> Withdrawal:
    """Reserve `amount` (millionths of TEO) for the member's own linked wallet, once per key; jobs.withdrawals.check goes on with it.

    `is_prompt`: see Withdrawal. Raises Invalid or DomainError by the limits, and Overdraft when it is not there."""
    available, reserved = (books.member(user.id, TEO, name) for name in ("available", "reserved"))
    ledger.lock(books.platform(TEO, "releasing"), available, reserved)  # one request decides at a time by what the platform sends out in a day
    if first := made(Withdrawal, key, user_id=user.id, linked_wallet_id=linked_id, amount=amount):
        return first
    db.session.refresh(user, ["suspended_at", "frozen_at", "password_changed_at"])  # he may have shut his wallet since he was read
    limits.check_member(user)
    wallet = linked_addresses.usable(user, linked_id)
    rules = rulebook.in_force()
    limits.check(user, amount, rules)
    facts = dict(user_id=user.id, linked_wallet_id=wallet.id, to=wallet.address, amount=amount, is_prompt=is_prompt, rule_version=rules.number)
    withdrawal = Withdrawal(key=key, state="checking", requested_at=clock.now(), **facts)
    db.session.add(withdrawal)
    db.session.flush()
    move(withdrawal, "requested", available, reserved, **review.weighed(withdrawal))
    tell(withdrawal, "requested")
    return withdrawal


def check(withdrawal: Withdrawal, risks: Sequence[Facts] = ()) -> None:
    """Approve it, or put it before an admin, for one of the risks, too; what is not `checking` any more stays as it is. One to an address removed since is cancelled.

    While payouts are stopped one that no admin must look at goes on waiting: nobody could take back his word for it."""
    _lock(withdrawal)
    if withdrawal.state != "checking":
        return
    if linked_addresses.is_removed(withdrawal.linked_wallet_id):
        _undo(withdrawal, "cancelled")
        tell(withdrawal, "cancelled")
        return
    if not halt.lets_go() and not risks and not review.weighed(withdrawal)["flags"]:
        return
    review.judge(withdrawal, risks)
    if withdrawal.is_looked_at:
        withdrawal.state = "in review"
        tell(withdrawal, "in review")
        db.session.flush()
    else:
        _let_go(withdrawal)


def approve(withdrawal: Withdrawal, by: User) -> None:
    """An admin's word for it; it goes with the last that is needed. Raises DomainError, or Forbidden for who may not decide."""
    _check_reviewer(withdrawal, by)
    halt.check()
    db.session.refresh(withdrawal.user, ["suspended_at", "frozen_at"])
    if refusal := obstacle(withdrawal, by):
        raise refusal
    four_eyes.check(by, {approval.admin_id for approval in withdrawal.standing})
    if linked_addresses.is_removed(withdrawal.linked_wallet_id):
        raise DomainError("Its member has removed this address since: nothing is sent there any more. Reject it.")
    db.session.merge(Approval(withdrawal_id=withdrawal.id, admin_id=by.id, at=clock.now(), amount=withdrawal.amount, to=withdrawal.to))
    db.session.flush()
    db.session.expire(withdrawal, ["approvals"])
    given = len(withdrawal.standing)
    _note(withdrawal, "withdrawal approved", by, approvals=given, needed=withdrawal.approvals_needed)
    if given >= withdrawal.approvals_needed:
        _let_go(withdrawal)
    else:
        four_eyes.ask("withdrawal", withdrawal, by)
    db.session.flush()


def obstacle(withdrawal: Withdrawal, by: User) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps this admin's word from it, as far as its own rows say; None where nothing does."""
    if refusal := _undecidable(withdrawal, by) or four_eyes.late(by, withdrawal):
        return refusal
    if withdrawal.is_held:
        return DomainError("It is on hold. Let it go on first.")
    if withdrawal.user.is_shut:
        return DomainError("This account is suspended or frozen: nothing leaves it.")
    if any(approval.admin_id == by.id for approval in withdrawal.standing):
        return DomainError("You have approved it already. Another admin must approve it too.")
    return None


def reject(withdrawal: Withdrawal, by: User, reason: str) -> None:
    """An admin says no: all of it is available again, and the member reads the reason."""
    _check_reviewer(withdrawal, by)
    withdrawal.refusal = reason = _reason(reason)
    _note(withdrawal, "withdrawal rejected", by, reason=reason)
    _undo(withdrawal, "rejected", why=reason, admin=by.id)
    tell(withdrawal, "rejected", why=reason)


def hold(withdrawal: Withdrawal, by: User, reason: str, note: str = "") -> None:
    """An admin needs more time: the member reads the reason, admins the note, too. One held already gets these in the place of what it had; the same again tells nobody anew."""
    _check_reviewer(withdrawal, by)
    reason, note = _reason(reason), note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid("A note has at most %(most)d characters.", most=LONGEST_NOTE)
    if withdrawal.is_held and (withdrawal.hold_reason, withdrawal.hold_note) == (reason, note):
        return
    withdrawal.held_at, withdrawal.hold_reason, withdrawal.hold_note = clock.now(), reason, note
    _note(withdrawal, "withdrawal held", by, reason=reason, note=note)
    tell(withdrawal, "held", about=f":{withdrawal.held_at.isoformat()}", why=reason)
    db.session.flush()


def let_go_on(withdrawal: Withdrawal, by: User) -> None:
    """End a hold: it may be approved again. What is not held stays as it is."""
    _check_reviewer(withdrawal, by)
    if withdrawal.is_held:
        withdrawal.held_at = withdrawal.hold_reason = withdrawal.hold_note = None
        _note(withdrawal, "withdrawal let go on", by)
    db.session.flush()


def put_back(withdrawal: Withdrawal) -> None:
    """Before an admin again, as something came up since it was let go; locked by who found it. Its member is told what he is told of every other that somebody
    looks at."""
    withdrawal.state, withdrawal.decided_at = "in review", None
    _note(withdrawal, "withdrawal back in review", None)
    tell_anew(withdrawal, "in review")
    db.session.flush()


def cancel(withdrawal: Withdrawal) -> None:
    """Its member wants it no more: all of it is available again. What is cancelled already stays so; raises DomainError where it may_be_cancelled no more."""
    _lock(withdrawal)
    if withdrawal.state == "cancelled":
        return
    if not withdrawal.may_be_cancelled:
        raise DomainError("It cannot be cancelled any more: it was decided before.")
    _undo(withdrawal, "cancelled")
    tell(withdrawal, "cancelled")


def _reason(words: str) -> str:
    words = words.strip()
    if not 0 < len(words) <= LONGEST_REASON:
        raise Invalid("Say why, in at most %(most)d characters: the member reads it.", most=LONGEST_REASON)
    return words


def _lock(withdrawal: Withdrawal) -> None:
    """Who cancels, who approves and who queues it take turns, and each sees what the one before made of it. Its own row alone: a list has read its member with it."""
    db.session.refresh(withdrawal, with_for_update={"of": Withdrawal})
    db.session.expire(withdrawal, ["approvals"])


def _check_reviewer(withdrawal: Withdrawal, by: User) -> None:
    if not membership.keeps_word(by):
        raise _not_his()
    _lock(withdrawal)
    if refusal := _undecidable(withdrawal, by):
        raise refusal


def _undecidable(withdrawal: Withdrawal, by: User) -> DomainError | None:
    if withdrawal.user_id == by.id:
        return _not_his()
    return None if withdrawal.state == "in review" else DomainError("It is not in review any more: somebody was faster.")


def _not_his() -> Forbidden:
    return Forbidden("Only another admin may decide on this withdrawal.")


def _note(withdrawal: Withdrawal, action: str, by: User | None, **details: object) -> None:
    log.record(action, f"withdrawal {withdrawal.id}", by, member=withdrawal.user_id, amount=withdrawal.amount, to=withdrawal.to, **details)


def _let_go(withdrawal: Withdrawal) -> None:
    withdrawal.state, withdrawal.decided_at = "approved", clock.now()
    tell_anew(withdrawal, "approved")  # it may have been put back since
    db.session.flush()


def _undo(withdrawal: Withdrawal, state: str, **evidence: object) -> None:
    move(withdrawal, state, part(withdrawal, "reserved"), part(withdrawal, "available"), **evidence)
    withdrawal.state, withdrawal.decided_at = state, clock.now()
    db.session.flush()
