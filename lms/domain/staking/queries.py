"""What a teacher has bound, until when, and which tier it makes. Amounts in millionths of TEO."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from lms import clock
from lms.db import db
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.domain.staking.models import Stake, Unstaking


@dataclass(frozen=True)
class Part:
    """An amount and the moment it is free: to be asked out, or to be used."""

    amount: int
    at: datetime


@dataclass(frozen=True)
class Standing:
    """`locked` and `unbonding` are Parts, oldest first; `unlocked` can be asked out now."""

    available: int
    staked: int
    unlocked: int
    locked: list[Part]
    unbonding: list[Part]
    tier: Tier
    rules: Rules

    def missing_to(self, tier: Tier) -> int:
        """What is to be staked for a tier, 0 when it is reached."""
        return max(0, tier.staked - self.staked)


def standing(user_id: int) -> Standing:
    """The teacher's Standing, in a fixed number of statements."""
    accounts, rules, now = books.of_member(user_id), rulebook.in_force(), clock.now()
    stakes = db.session.scalars(_staked(user_id)).all()
    rows = select(Unstaking).where(Unstaking.user_id == user_id, Unstaking.released_at.is_(None)).order_by(Unstaking.releases_at)
    staked = accounts[TEO, "staked"].balance
    return Standing(
        available=accounts[TEO, "available"].balance,
        staked=staked,
        unlocked=sum(each.left for each in stakes if each.unlocks_at <= now),
        locked=[Part(each.left, each.unlocks_at) for each in stakes if each.unlocks_at > now],
        unbonding=[Part(each.amount, each.releases_at) for each in db.session.scalars(rows)],
        tier=rules.tier(staked),
        rules=rules,
    )


def unlocked(user_id: int) -> Sequence[Stake]:
    """The stakes that can be asked out now, oldest first."""
    return db.session.scalars(_staked(user_id).where(Stake.unlocks_at <= clock.now())).all()


def next_unlock(user_id: int) -> Stake | None:
    """The locked stake that is free next, or None."""
    return db.session.scalar(_staked(user_id).where(Stake.unlocks_at > clock.now()).order_by(None).order_by(Stake.unlocks_at).limit(1))


def due(limit: int = 500) -> Sequence[int]:
    """Ids of what was asked out whose unbonding is over."""
    rows = select(Unstaking.id).where(Unstaking.released_at.is_(None), Unstaking.releases_at <= clock.now())
    return db.session.scalars(rows.order_by(Unstaking.releases_at).limit(limit)).all()


def _staked(user_id: int) -> Select[Stake]:
    return select(Stake).where(Stake.user_id == user_id, Stake.left > 0).order_by(Stake.id)
