"""The audit: one row of zeros. It compares the ledger with balances observed on the node, never with our own rows alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import text

from lms.db import db
from lms.domain.ledger import queries as ledger
from lms.domain.onchain.models import NOT_THE_TOKENS


@dataclass(frozen=True)
class Observed:
    """What the node said at one block: millionths of TEO by address, the supply, and the op numbers used by then.

    `incoming` is what came from outside by that block and is not credited yet, by address."""

    block: int
    balances: Mapping[str, int]
    supply: int
    used_ops: frozenset[int]
    incoming: Mapping[str, int] = field(default_factory=dict)

    def held(self, address: str) -> int:
        return self.balances.get(address, 0) - self.incoming.get(address, 0)


@dataclass(frozen=True)
class AuditRow:
    """How many of each fault there are; supply_unexplained in millionths of TEO."""

    wrong_balances: int
    unbalanced_assets: int
    entries_not_their_legs: int
    legs_without_entry: int
    holders_off: int
    supply_unexplained: int

    @property
    def differences(self) -> int:
        return sum(abs(count) for count in asdict(self).values())


def audit(observed: Observed) -> AuditRow:
    """The row; all zeros when ledger, entries and chain agree."""
    return AuditRow(
        wrong_balances=ledger.wrong_balances(),
        unbalanced_assets=ledger.unbalanced_assets(),
        entries_not_their_legs=db.session.scalar(_ENTRIES_NOT_THEIR_LEGS),
        legs_without_entry=db.session.scalar(_UNMARKED_LEGS),
        holders_off=len(holders_off(observed)),
        supply_unexplained=_supply_unexplained(observed),
    )


def addresses() -> list[str]:
    """Every holder's addresses, replaced ones included."""
    return list(db.session.scalars(text("SELECT address FROM wallets ORDER BY id")))


def ops_in_flight() -> list[int]:
    """The token's op numbers whose outcome our rows do not know yet: one that another contract's operation has may be any operation's there."""
    rows = text("""SELECT o.op FROM operations o JOIN deployments d ON d.id = o.deployment_id AND d.is_active
                   WHERE o.state IN ('queued', 'signed', 'sent') AND o.kind <> ALL(:elsewhere)""")
    return list(db.session.scalars(rows, {"elsewhere": list(NOT_THE_TOKENS)}))


def holders_off(observed: Observed) -> list[int]:
    """Ids of holders whose ledger total is not balances observed + entries not executed by that block + uncovered legs.

    What stands at all addresses of a holder counts, so a move changes nothing."""
    rows = db.session.execute(_HOLDERS, {"block": observed.block, "used": list(observed.used_ops)})
    return [row.id for row in rows if row.total - row.uncovered - row.pending != sum(map(observed.held, row.addresses))]


def _supply_unexplained(observed: Observed) -> int:
    """The supply, less what our holders hold, what left for the outside, and what is leaving and no longer held."""
    abroad = db.session.scalar(_ABROAD, {"block": observed.block, "used": list(observed.used_ops)})
    return observed.supply - sum(map(observed.held, observed.balances)) - int(abroad)


_ENTRIES_NOT_THEIR_LEGS = text("""
    SELECT count(*) FROM entries e
    LEFT JOIN (
        SELECT entry_id, sum(amount) AS net FROM (
            SELECT target_entry_id AS entry_id, amount FROM transfers WHERE target_entry_id IS NOT NULL
            UNION ALL SELECT source_entry_id, -amount FROM transfers WHERE source_entry_id IS NOT NULL
        ) legs GROUP BY entry_id
    ) l ON l.entry_id = e.id
    WHERE coalesce(l.net, 0) <> CASE WHEN e.kind IN ('mint', 'deposit') THEN e.amount WHEN e.kind IN ('move', 'empty', 'refused') THEN 0 ELSE -e.amount END""")

# A side that changes a holder's total but is not marked as a leg would never be settled.
_UNMARKED_LEGS = text("""
    SELECT count(*) FROM transfers t JOIN accounts s ON s.id = t.source_id JOIN accounts d ON d.id = t.target_id
    WHERE s.holder_id IS DISTINCT FROM d.holder_id
      AND (t.source_holder_id IS DISTINCT FROM s.holder_id OR t.target_holder_id IS DISTINCT FROM d.holder_id)""")

# An entry e of operation o that the chain had not executed by the block; one that it mined and refused stays open until that is final.
_PENDING = """
    e.kind NOT IN ('move', 'empty', 'refused') AND ((NOT (o.op = ANY(:used)) AND (o.block_number IS NULL OR o.block_number > :block)) OR (e.is_open AND o.state = 'mined'))"""

_HOLDERS = text(f"""
    SELECT h.id, ARRAY(SELECT address FROM wallets w WHERE w.holder_id = h.id) AS addresses,
        coalesce((SELECT sum(balance) FROM accounts a WHERE a.holder_id = h.id), 0) AS total,
        coalesce((SELECT sum(amount) FROM transfers t WHERE t.target_holder_id = h.id AND t.target_entry_id IS NULL), 0)
      - coalesce((SELECT sum(amount) FROM transfers t WHERE t.source_holder_id = h.id AND t.source_entry_id IS NULL), 0) AS uncovered,
        coalesce((SELECT sum(CASE WHEN e.kind IN ('mint', 'deposit') THEN e.amount ELSE -e.amount END)
                  FROM entries e JOIN operations o ON o.id = e.operation_id WHERE e.holder_id = h.id AND {_PENDING}), 0) AS pending
    FROM holders h ORDER BY h.id""")

_ABROAD = text(f"""
    SELECT (SELECT sum(balance) FROM accounts WHERE user_id IS NULL AND asset = 'TEO' AND name IN ('outside', 'releasing'))
         - coalesce((SELECT sum(e.amount) FROM entries e JOIN operations o ON o.id = e.operation_id WHERE e.kind = 'release' AND {_PENDING}), 0)""")
