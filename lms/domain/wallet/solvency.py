"""The daily count of what all members have: a Merkle sum tree whose root is published, and each member's proof of being in it.

It counts what stands in members' custody (LEDGER.md): available, maturing, staked, unbonding and reserved. The treasury's TEO are the
platform's own, and `debt` is what a member owes us: neither is in it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import db
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Deployment, Operation
from lms.domain.wallet.models import SolvencyLeaf, SolvencyLevel, SolvencyTree
from lms.formats import sum_tree
from lms.formats.solvency_proof import Node, Proof, blinded, leaf

KEPT = 7  # trees whose proofs are at hand; of older ones root and total stay


def take() -> SolvencyTree | None:
    """The tree of today (UTC), or None when it was taken already or there is no member yet. Two workers make one."""
    day = clock.now().date()
    if tree_of(day):
        return None
    leaves = _leaves(day)
    return _keep(day, leaves) if leaves else None


def publish(tree: SolvencyTree, deployment: Deployment) -> Operation:
    """Queue the operation that tells the Notary root and total of a tree."""
    subject = int(tree.day.strftime("%Y%m%d"))
    payload = dict(kind="solvency", subject=subject, root=bytes(tree.root).hex(), total=tree.total)
    tree.operation = onchain.queue(f"root:{deployment.id}:{tree.id}", "root", [], payload)
    db.session.flush()
    return tree.operation


def unpublished() -> Sequence[SolvencyTree]:
    """The trees that still give proofs and nobody was told of, oldest first: one taken before the contracts stood, or while no day went through."""
    newest = select(SolvencyTree.id).order_by(SolvencyTree.day.desc()).limit(KEPT)
    return db.session.scalars(select(SolvencyTree).where(SolvencyTree.id.in_(newest), SolvencyTree.operation_id.is_(None)).order_by(SolvencyTree.day)).all()


def tree_of(day: date) -> SolvencyTree | None:
    return db.session.scalar(select(SolvencyTree).where(SolvencyTree.day == day))


def recent() -> Sequence[SolvencyTree]:
    """The newest trees, which still give proofs, newest first, each with how far its publication is."""
    publication = joinedload(SolvencyTree.operation).joinedload(Operation.deployment).joinedload(Deployment.contracts)
    rows = select(SolvencyTree).options(publication).order_by(SolvencyTree.day.desc()).limit(KEPT)
    return db.session.scalars(rows).unique().all()


def proof(user_id: int, tree: SolvencyTree) -> Proof | None:
    """The member's Proof of being in the tree, or None when he is not in it; one statement, however many members there are."""
    found = db.session.execute(_PROOF, {"tree": tree.id, "user": user_id}).one_or_none()
    if found is None:
        return None
    published = tree.operation if tree.operation and tree.operation.block_number is not None else None
    return Proof(
        day=tree.day.isoformat(),
        member=found.member,
        amount=found.amount,
        salt=bytes(found.salt),
        path=sum_tree.path([sum_tree.unpack(node) for node in found.siblings], found.place),
        root=bytes(tree.root),
        total=tree.total,
        chain_id=published.deployment.chain_id if published else None,
        notary=published.deployment.address_of("Notary") if published else None,
        transaction=published.tx_hash if published else None,
    )


@dataclass(frozen=True)
class _Leaf:
    user_id: int
    member: str
    amount: int
    salt: bytes
    identity: bytes


def _leaves(day: date) -> list[_Leaf]:
    """What every member has at one moment, by the ids that say nothing about who is who."""
    salted = ((row, secrets.token_bytes(32)) for row in db.session.execute(_TOTALS))
    leaves = [_Leaf(row.id, row.email, row.total, salt, blinded(day.isoformat(), row.email, salt)) for row, salt in salted]
    return sorted(leaves, key=lambda leaf: leaf.identity)


def _keep(day: date, leaves: Sequence[_Leaf]) -> SolvencyTree | None:
    levels = sum_tree.levels(leaf(found.identity, found.amount) for found in leaves)
    tree = _insert_tree(day, levels[-1][0], len(leaves))
    if tree is None:
        return None
    rows = [
        dict(tree_id=tree.id, index=index, user_id=found.user_id, member=found.member, amount=found.amount, salt=found.salt)
        for index, found in enumerate(leaves)
    ]
    db.session.execute(insert(SolvencyLeaf), rows)
    db.session.execute(insert(SolvencyLevel), [dict(tree_id=tree.id, height=height, nodes=sum_tree.pack(nodes)) for height, nodes in enumerate(levels)])
    _forget_old()
    return tree


def _insert_tree(day: date, root: Node, members: int) -> SolvencyTree | None:
    """None when another worker's tree of the day was committed first."""
    row = dict(day=day, root=root.hash, total=root.sum, members=members, created_at=clock.now())
    inserted = postgresql.insert(SolvencyTree).values(row).on_conflict_do_nothing(index_elements=["day"]).returning(SolvencyTree)
    return db.session.scalar(inserted)


def _forget_old() -> None:
    """Proofs of days long past fill the database: who wants one keeps its file."""
    kept = select(SolvencyTree.id).order_by(SolvencyTree.day.desc()).limit(KEPT)
    for rows in (SolvencyLeaf, SolvencyLevel):
        db.session.execute(delete(rows).where(rows.tree_id.not_in(kept)), execution_options={"synchronize_session": False})


# One statement sees one moment: what moves from one member to another meanwhile is counted once.
_TOTALS = text("""
    SELECT u.id, u.email, sum(a.balance)::bigint AS total
    FROM users u JOIN holders h ON h.user_id = u.id JOIN accounts a ON a.holder_id = h.id
    GROUP BY u.id""")

# The sibling on a level is the other of two neighbours. The root has none.
_PROOF = text("""
    SELECT l.index AS place, l.member, l.amount, l.salt,
        ARRAY(SELECT substring(v.nodes FROM ((l.index >> v.height) # 1) * 40 + 1 FOR 40)
              FROM solvency_levels v WHERE v.tree_id = l.tree_id AND length(v.nodes) > 40 ORDER BY v.height) AS siblings
    FROM solvency_leaves l WHERE l.tree_id = :tree AND l.user_id = :user""")
