"""Where the tokens of a withdrawal come from: each traced to a credit, first in first out. Amounts in millionths of TEO.

All parts of a member's custody are one heap, as the chain has them at one address: what he stakes, or what matures, moves within it and
changes nothing. What a withdrawal reserves is out of it from that moment on, or two that are open at once would claim the same tokens;
so the answer is that of the moment it was asked for, whatever happens later.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from lms.db import db
from lms.domain.desk import fifo
from lms.domain.withdrawals.models import Withdrawal

MOST_SOURCES = 10  # lines of the table
MOST_KINDS = 5  # parts of the picture, the rest is one more


class Source(NamedTuple):
    """Credits of one kind and course (`slug` None: of none that is known by an order). `operation`: the last that brought some of them to the chain, or None;
    `operations` how many did; `transaction` the hash of the last deposit; `buyers` how many paid the orders they are of."""

    reason: str  # the ledger's word
    slug: str | None
    course: str | None
    credits: int
    amount: int
    first_at: datetime
    last_at: datetime
    buyers: int
    operations: int
    operation: int | None
    transaction: str | None

    @property
    def is_sale(self) -> bool:
        """Whether the orders are of others, who bought from the member."""
        return self.reason in ("sale", "sale bonus")


@dataclass(frozen=True)
class Provenance:
    """All sources, the largest first. They sum to the withdrawal."""

    sources: list[Source]

    @property
    def amount(self) -> int:
        return _sum(self.sources)

    @property
    def credits(self) -> int:
        return sum(source.credits for source in self.sources)

    @property
    def listed(self) -> list[Source]:
        return self.sources[:MOST_SOURCES]

    @property
    def rest(self) -> list[Source]:
        """Those not listed."""
        return self.sources[MOST_SOURCES:]

    @property
    def rest_amount(self) -> int:
        return _sum(self.rest)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """[(the ledger's word, amount)], the largest first; what is beyond MOST_KINDS comes last, under an empty word."""
        sums: Counter[str] = Counter()
        for source in self.sources:
            sums[source.reason] += source.amount
        most = sums.most_common()
        rest = sum(amount for _, amount in most[MOST_KINDS:])
        return most[:MOST_KINDS] + ([("", rest)] if rest else [])


def of(withdrawal: Withdrawal) -> Provenance:
    """The Provenance of a withdrawal; two statements."""
    found = pieces(withdrawal)
    ids, amounts = (_array(piece[column] for piece in found) for column in (0, 1))
    rows = db.session.execute(_SOURCES, {"user": withdrawal.user_id, "ids": ids, "amounts": amounts})
    return Provenance([Source(*row) for row in rows])


def pieces(withdrawal: Withdrawal) -> list[tuple[int, int]]:
    """[(id of the transfer that credited it, millionths of TEO)] of all that it asked for, oldest first; they sum to its amount. One statement."""
    columns = db.session.execute(_STEPS, {"user": withdrawal.user_id, "key": f"withdrawal:{withdrawal.id}:requested"}).one()
    return fifo.trace(zip(*(column or () for column in columns), strict=True))


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes an array: of thousands of numbers the driver makes one ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def _sum(sources: Iterable[Source]) -> int:
    return sum(source.amount for source in sources)


# What changed the member's holdings up to the request, which is the last. The ledger says which side of a transfer is a leg of his holder;
# of what moves within his custody only what a withdrawal reserves or gives back counts, and its leaving then counts no more. Both ways back
# undo the request. Account by account (OFFSET keeps it so): PostgreSQL, which cannot guess how many are older, would read those of all members.
# One row of columns, as thousands of rows take longer to read than to find; `transfer` stays JSON, as it is only compared.
_STEPS = text(r"""
    WITH parts AS (SELECT id, name FROM accounts WHERE user_id = :user AND asset = 'TEO' AND holder_id IS NOT NULL),
    request AS (SELECT id FROM transfers WHERE key = :key),
    steps AS (
        SELECT t.id, t.amount, t.target_holder_id IS NOT NULL OR parts.name <> 'reserved' AS is_credit,
               CASE WHEN NOT t.evidence ? 'withdrawal' THEN t.evidence -> 'transfer'
                    ELSE (SELECT to_jsonb(r.id) FROM transfers r WHERE r.key = concat('withdrawal\:', t.evidence ->> 'withdrawal', '\:requested')) END AS undoes
        FROM parts CROSS JOIN LATERAL (SELECT * FROM transfers WHERE target_id = parts.id AND id <= (SELECT id FROM request) OFFSET 0) t
        WHERE t.target_holder_id IS NOT NULL OR t.evidence ? 'withdrawal'
        UNION ALL
        SELECT t.id, t.amount, false, t.evidence -> 'transfer'
        FROM parts CROSS JOIN LATERAL (SELECT * FROM transfers WHERE source_id = parts.id AND id <= (SELECT id FROM request) OFFSET 0) t
        WHERE t.source_holder_id IS NOT NULL AND NOT t.evidence ? 'withdrawal')
    SELECT json_agg(id ORDER BY id), json_agg(amount ORDER BY id), json_agg(is_credit ORDER BY id), json_agg(undoes ORDER BY id) FROM steps""")

# First what each order and batch brought, which is little, and then whose they are. Account by account again, which is faster than id by id.
_SOURCES = text("""
    WITH brought AS (
        SELECT t.reason, t.evidence -> 'order' AS number, t.evidence ->> 'course' AS course, t.target_entry_id,
               count(*) AS credits, sum(piece.amount) AS amount, min(t.at) AS first_at, max(t.at) AS last_at, max(t.id) AS newest
        FROM accounts part
        CROSS JOIN LATERAL (SELECT * FROM transfers WHERE target_id = part.id AND target_holder_id IS NOT NULL OFFSET 0) t
        JOIN unnest(CAST(:ids AS bigint[]), CAST(:amounts AS bigint[])) AS piece (id, amount) ON piece.id = t.id
        WHERE part.user_id = :user AND part.asset = 'TEO'
        GROUP BY t.reason, number, course, t.target_entry_id)
    SELECT b.reason, c.slug, coalesce(c.title, b.course) AS course, sum(b.credits)::bigint, sum(b.amount)::bigint AS amount, min(b.first_at), max(b.last_at),
           count(DISTINCT o.buyer_id), count(DISTINCT e.operation_id), max(e.operation_id),
           (SELECT t.evidence -> 'transactions' ->> 0 FROM transfers t WHERE t.id = max(b.newest))
    FROM brought b
    LEFT JOIN entries e ON e.id = b.target_entry_id
    LEFT JOIN orders o ON o.id = CASE WHEN jsonb_typeof(b.number) = 'number' THEN b.number::integer END
    LEFT JOIN courses c ON c.id = o.course_id
    GROUP BY b.reason, c.slug, coalesce(c.title, b.course)
    ORDER BY amount DESC, b.reason, course""")
