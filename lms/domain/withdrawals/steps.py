"""The transfer of each step, and who is told of it."""

from lms.db import Facts
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Account, Transfer
from lms.domain.notices import actions as notices
from lms.domain.withdrawals import review
from lms.domain.withdrawals.models import Withdrawal

# Step: the ledger's word for it.
_REASONS = {
    "requested": "withdrawal requested",
    "cancelled": "withdrawal cancelled",
    "rejected": "withdrawal rejected",
    "queued": "withdrawal on its way",
    "sent": "withdrawal sent",
    "given back": "withdrawal given back",
}


def move(withdrawal: Withdrawal, step: str, source: Account, target: Account, **evidence: object) -> Transfer:
    """The transfer of this step, once, by the rules of the day it was asked for."""
    evidence = review.judged(withdrawal) | evidence | {"withdrawal": withdrawal.id, "to": withdrawal.to}
    return ledger.post(f"withdrawal:{withdrawal.id}:{step}", source, target, withdrawal.amount, _REASONS[step], evidence=evidence, rule_version=withdrawal.rule_version)


def part(withdrawal: Withdrawal, name: str) -> Account:
    """The account of this name of its member."""
    return books.member(withdrawal.user_id, TEO, name)


def tell(withdrawal: Withdrawal, step: str, about: str = "", **facts: object) -> None:
    """Its member reads of this step once, or once for each `about`; `facts` beside those every step has."""
    notices.tell(withdrawal.user_id, f"withdrawal {step}", f"withdrawal:{withdrawal.id}{about}", **_facts(withdrawal), **facts)


def tell_anew(withdrawal: Withdrawal, step: str) -> None:
    """Its member reads of this step, also if he did before: it may be taken more than once."""
    notices.tell_anew(withdrawal.user_id, f"withdrawal {step}", f"withdrawal:{withdrawal.id}", **_facts(withdrawal))


def _facts(withdrawal: Withdrawal) -> Facts:
    return dict(withdrawal=withdrawal.id, amount=withdrawal.amount, to=withdrawal.to)
