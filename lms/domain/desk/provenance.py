"""Where the tokens of a withdrawal come from: each traced to a credit, first in first out. Amounts in millionths of TEO.

All parts of a member's custody are one heap, as the chain has them at one address: what he stakes, or what matures, moves within it and
changes nothing. What a withdrawal reserves is out of it from that moment on, or two that are open at once would claim the same tokens;
so the answer is that of the moment it was asked for, whatever happens later.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from lms.db import db
from lms.domain.desk import fifo

MOST_SOURCES = 12  # lines of the table
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


@dataclass(frozen=True)
class Provenance:
    """All sources, the largest first. They sum to the withdrawal."""

    sources: list

    @property
    def amount(self):
        return _sum(self.sources)

    @property
    def credits(self):
        return sum(source.credits for source in self.sources)

    @property
    def listed(self):
        return self.sources[:MOST_SOURCES]

    @property
    def rest(self):
        """Those not listed."""
        return self.sources[MOST_SOURCES:]

    @property
    def rest_amount(self):
        return _sum(self.rest)

    @property
    def kinds(self):
        """[(the ledger's word, amount)], the largest first; what is beyond MOST_KINDS comes last, under an empty word."""
        sums = Counter()
        for source in self.sources:
            sums[source.reason] += source.amount
        most = sums.most_common()
        rest = sum(amount for _, amount in most[MOST_KINDS:])
        return most[:MOST_KINDS] + ([("", rest)] if rest else [])


def of(withdrawal):
    """The Provenance of a withdrawal; two statements."""
    found = pieces(withdrawal)
    ids, amounts = zip(*found, strict=True) if found else ((), ())
    rows = db.session.execute(_SOURCES, {"ids": list(ids), "amounts": list(amounts)})
    return Provenance([Source(*row) for row in rows])


def pieces(withdrawal):
    """[(id of the transfer that credited it, millionths of TEO)] of all that it asked for, oldest first; they sum to its amount. One statement."""
    steps = db.session.scalar(_STEPS, {"user": withdrawal.user_id, "key": f"withdrawal:{withdrawal.id}:requested"})
    return fifo.trace(fifo.Step(*step) for step in steps or ())


def _sum(sources):
    return sum(source.amount for source in sources)


# What changed the member's holdings up to the request, which is the last. The ledger says which side of a transfer is a leg of his holder;
# of those within his custody only what a withdrawal reserves or gives back counts, and its leaving then counts no more. Both ways back
# undo the request. One value, as ten thousand rows take longer to read than to find; `transfer` stays JSON and is compared only.
_STEPS = text(r"""
    WITH held AS (SELECT holder_id, array_agg(id) AS parts, max(id) FILTER (WHERE name = 'reserved') AS reserved
                  FROM accounts WHERE user_id = :user AND asset = 'TEO' AND holder_id IS NOT NULL GROUP BY holder_id),
    steps AS (
        SELECT t.id, t.amount, t.target_holder_id IS NOT DISTINCT FROM held.holder_id OR t.source_id = held.reserved AND t.source_holder_id IS NULL AS is_credit,
               CASE WHEN t.evidence ? 'withdrawal'
                    THEN (SELECT to_jsonb(r.id) FROM transfers r WHERE r.key = concat('withdrawal\:', t.evidence ->> 'withdrawal', '\:requested'))
                    ELSE t.evidence -> 'transfer' END AS undoes
        FROM held JOIN transfers t ON t.source_id = ANY (held.parts) OR t.target_id = ANY (held.parts)
        WHERE t.id <= (SELECT id FROM transfers WHERE key = :key)
          AND (t.target_holder_id IS NOT DISTINCT FROM held.holder_id OR (t.source_holder_id IS NOT NULL) <> (t.evidence ? 'withdrawal')))
    SELECT json_agg(json_build_array(id, amount, is_credit, undoes) ORDER BY id) FROM steps""")

_SOURCES = text("""
    SELECT t.reason, c.slug, coalesce(c.title, t.evidence ->> 'course') AS course, count(*), sum(piece.amount)::bigint AS amount, min(t.at), max(t.at),
           count(DISTINCT o.buyer_id), count(DISTINCT e.operation_id), max(e.operation_id), (array_agg(t.evidence -> 'transactions' ->> 0 ORDER BY t.id DESC))[1]
    FROM unnest(CAST(:ids AS bigint[]), CAST(:amounts AS bigint[])) AS piece (id, amount)
    JOIN transfers t ON t.id = piece.id
    LEFT JOIN entries e ON e.id = t.target_entry_id
    LEFT JOIN orders o ON o.id = CASE WHEN jsonb_typeof(t.evidence -> 'order') = 'number' THEN (t.evidence ->> 'order')::integer END
    LEFT JOIN courses c ON c.id = o.course_id
    GROUP BY t.reason, c.slug, coalesce(c.title, t.evidence ->> 'course')
    ORDER BY amount DESC, t.reason, course""")
