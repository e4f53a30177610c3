"""What is taken from a member. His parts never go negative: what they lack becomes his debt, which each later credit repays first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from lms.db import db
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries
from lms.domain.ledger.balance_parts import DEBT
from lms.domain.ledger.keys import KeyReused
from lms.domain.ledger.models import Account, Transfer


def take_back(
    key: str,
    parts: Sequence[Account],
    target: Account,
    amount: int,
    reason: str,
    *,
    evidence: dict[str, Any],
    rule_version: int | None = None,
) -> list[Transfer]:
    """Take `amount` from a member's parts, in this order, and what they lack from his debt, once per key. Answers the transfers.

    Of the same key with another amount or target: KeyReused. Who takes what was maturing sees to its lots (rewards.fit_lots)."""
    owner = parts[0].user_id
    if owner is None:
        raise ValueError("only a member owes")
    debt = queries.member(owner, parts[0].asset, DEBT)
    ledger.lock(*parts, target)
    first = _transfers(key, parts, debt)
    if first:
        if (sum(each.amount for each in first), {each.target_id for each in first}) != (amount, {target.id}):
            raise KeyReused("The key %(key)s was used for another transfer.", key=key)
        return first
    taken = take(key, parts, target, amount, reason, evidence=evidence, rule_version=rule_version)
    missing = amount - sum(each.amount for each in taken)
    if missing:
        taken.append(ledger.post(_key(key, debt), debt, target, missing, reason, evidence=evidence, rule_version=rule_version))
    return taken


def take(
    key: str,
    parts: Sequence[Account],
    target: Account,
    amount: int,
    reason: str,
    *,
    evidence: dict[str, Any],
    rule_version: int | None = None,
) -> list[Transfer]:
    """Move up to `amount` out of these accounts, in their order, each under a key of its own. Answers the transfers."""
    ledger.lock(*parts, target)
    taken = []
    for part in parts:
        share = min(amount, part.balance)
        if share:
            taken.append(ledger.post(_key(key, part), part, target, share, reason, evidence=evidence, rule_version=rule_version))
            amount -= share
    return taken


def _transfers(key: str, parts: Sequence[Account], debt: Account) -> list[Transfer]:
    keys = [_key(key, account) for account in (*parts, debt)]
    return list(db.session.scalars(select(Transfer).where(Transfer.key.in_(keys)).order_by(Transfer.id)))


def _key(key: str, account: Account) -> str:
    return f"{key}:{account.name}"
