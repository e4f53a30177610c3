"""How much was brought to the chain, what it cost, and how long the gas lasts. Fees and balances in wei."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Date, cast, func, select

from lms import clock
from lms.db import db
from lms.domain.onchain.models import OPEN_STATES, Operation, Signer

DAYS = 30  # of a month's figures
_SPENDING = 7  # days whose spending says how long a balance lasts
WEI = 10**18  # of a coin


@dataclass(frozen=True)
class Day:
    """What was mined on one UTC day; `settled` is the part of `fee` that settlements took."""

    day: date
    operations: int = 0
    gas: int = 0
    fee: int = 0
    settled: int = 0


@dataclass(frozen=True)
class Lane:
    """A signer, and what it spends a day; `runway` is the whole days its balance lasts, None while nothing was spent or seen."""

    signer: Signer
    spent: int

    @property
    def balance(self) -> int | None:
        return None if self.signer.balance is None else int(self.signer.balance)

    @property
    def pending(self) -> int:
        """Nonces given out that are not mined, as far as was seen."""
        return max(0, self.signer.next_nonce - self.signer.mined_nonce)

    @property
    def runway(self) -> int | None:
        return self.balance // self.spent if self.spent and self.balance is not None else None


def counts() -> dict[tuple[str, str], int]:
    """How many operations there are, by (kind, state)."""
    rows = select(Operation.kind, Operation.state, func.count()).group_by(Operation.kind, Operation.state).order_by(Operation.kind)
    return {(kind, state): count for kind, state, count in db.session.execute(rows)}


def oldest_queued() -> datetime | None:
    """Since when the oldest operation waits to be signed, or None."""
    return db.session.scalar(select(func.min(Operation.queued_at)).where(Operation.state == "queued"))


def oldest_open() -> Operation | None:
    """The operation that has waited longest for its block, or None."""
    return db.session.scalar(select(Operation).where(Operation.state.in_(OPEN_STATES)).order_by(Operation.queued_at, Operation.id).limit(1))


def month() -> list[Day]:
    """The last DAYS days, today included, as Days."""
    today = clock.now().astimezone(UTC).date()
    mined_on = cast(func.timezone("UTC", Operation.mined_at), Date)
    settled = func.sum(Operation.fee_wei).filter(Operation.kind == "settle")
    rows = select(mined_on, func.count(), func.sum(Operation.gas_used), func.sum(Operation.fee_wei), settled)
    mined = db.session.execute(rows.where(Operation.mined_at >= month_began()).group_by(mined_on))
    found = {day: Day(day, count, *(int(amount or 0) for amount in amounts)) for day, count, *amounts in mined}
    return [found.get(day) or Day(day) for day in (today - timedelta(days=ago) for ago in reversed(range(DAYS)))]


def month_began() -> datetime:
    """The moment the first of the DAYS days began."""
    return clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)


def lanes() -> list[Lane]:
    """Every Lane there ever was."""
    now = clock.now()
    since = now - timedelta(days=_SPENDING)
    spending = select(Operation.signer, func.sum(Operation.fee_wei)).where(Operation.mined_at >= since).group_by(Operation.signer)
    spent = dict(db.session.execute(spending).all())
    first = db.session.scalar(select(func.min(Operation.mined_at)))
    days = _SPENDING if first is None or first < since else max(1, -(-(now - first) // timedelta(days=1)))
    return [Lane(signer, int(spent.get(signer.address) or 0) // days) for signer in db.session.scalars(select(Signer).order_by(Signer.address))]


def working_lanes() -> list[Lane]:
    """The Lanes of signers that are not retired."""
    return [lane for lane in lanes() if lane.signer.retired_at is None]


def euros(wei: int, price: int) -> int:
    """Millionths of a euro for so many wei, at a price of millionths of a euro for a coin."""
    return wei * price // WEI
