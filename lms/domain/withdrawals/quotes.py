"""What a withdrawal will take, from what the last ones took. Seconds, gas, wei; no node is asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from lms.db import db
from lms.domain.ledger import queries as books
from lms.domain.wallet import custody

LAST = 20  # final operations of a kind


@dataclass(frozen=True)
class Pace:
    """Medians of the last final operations of a kind: from queued to mined, how long the oldest of what one brought had `waited` for it, gas, and what it cost.

    The time from one batch to the next would say nothing of how soon one comes: for days there may be nothing to bring."""

    count: int
    seconds: int
    waited: int | None
    gas: int
    fee_wei: int


@dataclass(frozen=True)
class Quote:
    """`needs_batch`: a part of the amount is not on the chain yet, and goes there first; at once where `is_prompt`, else with the regular batch.

    `release` and `batch` are None where there was none to learn from. What cannot be known is None, never a part of the sum."""

    needs_batch: bool
    release: Pace | None
    batch: Pace | None

    def seconds(self, is_prompt: bool) -> int | None:
        """From the approval until it is on the chain."""
        steps = [self.release, self.batch] if self.needs_batch else [self.release]
        wait = [self.batch.waited if self.batch else None] if self.needs_batch and not is_prompt else []
        return _sum([*(step.seconds if step else None for step in steps), *wait])

    def gas(self, is_prompt: bool) -> int | None:
        """Of what is made for this withdrawal: its release, and the batch that does not wait for others."""
        return _sum(step.gas if step else None for step in self._made_for_it(is_prompt))

    def fee_wei(self, is_prompt: bool) -> int | None:
        """Of the same."""
        return _sum(step.fee_wei if step else None for step in self._made_for_it(is_prompt))

    def _made_for_it(self, is_prompt: bool) -> list[Pace | None]:
        return [self.release, self.batch] if self.needs_batch and is_prompt else [self.release]


def quote(user_id: int, amount: int) -> Quote:
    """The Quote of a withdrawal of so many millionths of TEO; three statements."""
    needs_batch = custody.settled(books.holder_of(user_id).id) < amount
    found = _paces()
    return Quote(needs_batch, found.get("release"), found.get("settle"))


def release_pace() -> Pace | None:
    """The Pace of releases, None before there was any; one statement."""
    return _paces().get("release")


def _paces() -> dict[str, Pace]:
    return {kind: Pace(count, seconds, waited, gas, int(fee)) for kind, count, seconds, waited, gas, fee in db.session.execute(_PACES, {"last": LAST})}


def _sum(parts: Iterable[int | None]) -> int | None:
    parts = list(parts)
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


_MEDIAN = "percentile_disc(0.5) WITHIN GROUP (ORDER BY {})"
_OLDEST = """
    SELECT min(leg.at) FROM entries e CROSS JOIN LATERAL (
        SELECT at FROM transfers WHERE source_entry_id = e.id UNION ALL SELECT at FROM transfers WHERE target_entry_id = e.id) leg
    WHERE e.operation_id = newest.id"""
_PACES = text(f"""
    SELECT kind, count(*) AS count, {_MEDIAN.format("seconds")}::int AS seconds, {_MEDIAN.format("waited")}::int AS waited,
           {_MEDIAN.format("gas_used")} AS gas, {_MEDIAN.format("fee_wei")} AS fee_wei
    FROM (VALUES ('release'), ('settle')) kinds (kind) CROSS JOIN LATERAL (
        SELECT extract(epoch FROM mined_at - queued_at) AS seconds, extract(epoch FROM queued_at - ({_OLDEST})) AS waited, gas_used, fee_wei FROM (
            SELECT id, queued_at, mined_at, gas_used, fee_wei FROM operations o
            WHERE o.kind = kinds.kind AND o.state = 'final' AND mined_at IS NOT NULL AND gas_used IS NOT NULL AND fee_wei IS NOT NULL ORDER BY id DESC LIMIT :last) newest) paces
    GROUP BY kind""")
