"""What each step of a payout is made of: its lock, its transfer, who decided, and what its member reads."""

from typing import Any

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts import membership
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import EUR
from lms.domain.ledger.models import Account, Transfer
from lms.domain.notices import actions as notices
from lms.domain.withdrawals.payout_models import Payout, PayoutDecision
from lms.errors import DomainError


def lock(payout: Payout) -> None:
    """As it is now; who cancels, approves, rejects and pays come one after the other. Locked first: reading it may join what cannot be locked with it."""
    db.session.execute(select(Payout.id).where(Payout.id == payout.id).with_for_update(key_share=True))
    db.session.refresh(payout)
    db.session.expire(payout, ["decisions"])
    db.session.refresh(payout.user, ["suspended_at", "frozen_at"])


def check_admin(payout: Payout, by: User) -> None:
    """Before the payout is locked: see membership.keeps_word."""
    if not membership.keeps_word(by) or by.id == payout.user_id:
        raise DomainError("Only another admin may decide on this payout.")
    if is_party(payout, by):
        raise DomainError("You may have a part in this payout yourself: another admin decides.")


def is_party(payout: Payout, by: User) -> bool:
    """Whether he may have a part in another's payout: he signed in with a browser of its member's."""
    return by.id != payout.user_id and accounts.share_browser(by, {payout.user_id})


def note(payout: Payout, by: User, verdict: str, **details: object) -> None:
    log.record(f"payout {verdict}", f"payout {payout.id}", by, member=payout.user_id, amount=payout.amount, **details)
    db.session.add(PayoutDecision(payout_id=payout.id, by_id=by.id, verdict=verdict, at=clock.now()))
    db.session.flush()
    db.session.expire(payout, ["decisions"])


def give_back(payout: Payout, state: str, **evidence: Any) -> None:
    """Available to its member again, and over."""
    move(payout, "given back", account(payout, "requested"), account(payout, "available"), **evidence)
    payout.state, payout.ended_at = state, clock.now()


def move(payout: Payout, step: str, source: Account, target: Account, repays: bool = True, **evidence: Any) -> Transfer:
    """The transfer of this step, once, by the rules of the day it was asked for; `repays` as in ledger.post."""
    evidence |= {"payout": payout.id, "iban": payout.details.masked_iban}
    key = f"payout:{payout.id}:{step}"
    return ledger.post(key, source, target, payout.amount, f"payout {step}", evidence=evidence, rule_version=payout.rule_version, repays=repays)


def account(payout: Payout, name: str) -> Account:
    return books.member(payout.user_id, EUR, name)


def tell(payout: Payout, kind: str, **facts: object) -> None:
    notices.tell(payout.user_id, kind, f"payout:{payout.id}", payout=payout.id, amount=payout.amount, **facts)
