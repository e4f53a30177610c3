"""TEO bound, asked out, and free again, each once."""

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import keys
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Account
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import MICRO
from lms.domain.staking import queries
from lms.domain.staking.models import Stake, Unstaking
from lms.errors import DomainError, Forbidden, Invalid


def stake(key: str, user: User, amount: int) -> Stake:
    """Bind so many millionths of the teacher's available TEO, once per key. Answers the Stake; raises DomainError when they are not there."""
    if not user.is_teacher:
        raise Forbidden("Only teachers stake, for their share of a sale.")
    _check(amount)
    accounts = _locked(user)
    if first := keys.made(Stake, key, user_id=user.id, amount=amount):
        return first
    rules, now = rulebook.in_force(), clock.now()
    made = Stake(key=key, user_id=user.id, amount=amount, left=amount, rule_version=rules.number, staked_at=now, unlocks_at=rules.unlocks_at(now))
    db.session.add(made)
    db.session.flush()
    try:
        evidence = {"stake": made.id, "until": made.unlocks_at.isoformat()}
        ledger.post(f"stake:{made.id}", accounts["available"], accounts["staked"], amount, "staked", evidence=evidence, rule_version=rules.number)
    except ledger.Overdraft:
        raise DomainError("You do not have so many TEO available.") from None
    return made


def unstake(key: str, user: User, amount: int) -> Unstaking:
    """Ask so many millionths out of what is unlocked, once per key: the tier falls now, the TEO are free after the unbonding. Answers the Unstaking.

    Also of who teaches no more: what he bound is his."""
    _check(amount)
    accounts = _locked(user)
    if first := keys.made(Unstaking, key, user_id=user.id, amount=amount):
        return first
    _take_out(user, amount)
    rules, now = rulebook.in_force(), clock.now()
    asked = Unstaking(key=key, user_id=user.id, amount=amount, rule_version=rules.number, asked_at=now, releases_at=rules.unbonded_at(now))
    db.session.add(asked)
    db.session.flush()
    evidence = {"unstaking": asked.id, "until": asked.releases_at.isoformat()}
    ledger.post(f"unstaking:{asked.id}", accounts["staked"], accounts["unbonding"], amount, "unstaked", evidence=evidence, rule_version=rules.number)
    return asked


def release(unstaking_id: int) -> int | None:
    """The unbonding is over: what was asked out is available. Twice does it once. Answers the member's id when it did."""
    asked = db.session.get_one(Unstaking, unstaking_id)
    accounts = _of(asked.user_id)
    ledger.lock(*accounts.values())
    db.session.refresh(asked, with_for_update=True)
    if asked.released_at or asked.releases_at > clock.now():
        return None
    evidence = {"unstaking": asked.id, "asked": asked.asked_at.isoformat()}
    ledger.post(f"unstaking:{asked.id}:released", accounts["unbonding"], accounts["available"], asked.amount, "stake released", evidence=evidence, rule_version=asked.rule_version)
    asked.released_at = clock.now()
    notices.tell(asked.user_id, "stake released", f"unstaking:{asked.id}", amount=asked.amount)
    db.session.flush()
    return asked.user_id


def _take_out(user: User, amount: int) -> None:
    """Off the oldest stakes that are unlocked; raises DomainError when they are too few."""
    unlocked = queries.unlocked(user.id)
    if sum(each.left for each in unlocked) < amount:
        locked = queries.next_unlock(user.id)
        if locked is None:
            raise DomainError("You have not staked so many TEO.")
        raise DomainError("So many TEO are locked still: the next are free to ask for on %(day)s.", day=locked.unlocks_at.date().isoformat())
    for each in unlocked:
        taken = min(each.left, amount)
        each.left -= taken
        amount -= taken


def _check(amount: int) -> None:
    if type(amount) is not int or amount < MICRO // 100:
        raise Invalid("Write an amount from 0.01 TEO on.")


def _locked(user: User) -> dict[str, Account]:
    """His accounts, locked: one stake or unstaking of a member at a time."""
    accounts = _of(user.id)
    ledger.lock(*accounts.values())
    return accounts


def _of(user_id: int) -> dict[str, Account]:
    found = books.of_member(user_id)
    return {name: found[TEO, name] for name in ("available", "staked", "unbonding")}
