"""Custodial wallets: an address a holder has on the chain, its key only as ciphertext. And the daily count of what all members have."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.onchain.models import Operation


class Wallet(Model):
    """A holder has one in use; those that were replaced keep their keys for ever, since deposits may still come.

    `must_move`: by our rows something of the holder's may stand at this replaced address and belongs at the one in use."""

    __tablename__ = "wallets"
    __table_args__ = (
        Index("uq_wallets_in_use", "holder_id", unique=True, postgresql_where="replaced_at IS NULL"),
        Index("ix_wallets_must_move", "holder_id", postgresql_where="must_move"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"), index=True)
    address: Mapped[str] = mapped_column(unique=True)
    ciphertext: Mapped[bytes] = mapped_column(deferred=True)
    wrapped_key: Mapped[bytes] = mapped_column(deferred=True)
    kek_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment)
    replaced_at: Mapped[datetime | None] = mapped_column(Moment)
    must_move: Mapped[bool] = mapped_column(default=False)


class LinkedWallet(Model):
    """An address of the member's own, proven by a message signed with its key (EIP-4361). `address` as EIP-55 spells it; it has one owner at a time."""

    __tablename__ = "linked_wallets"
    __table_args__ = (
        Index("uq_linked_wallets_address", text("lower(address)"), unique=True, postgresql_where="removed_at IS NULL"),
        Index("ix_linked_wallets_address", text("lower(address)")),  # of those removed, too: who had it before
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    address: Mapped[str]
    label: Mapped[str] = mapped_column(default="")
    linked_at: Mapped[datetime] = mapped_column(Moment)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)


class LinkChallenge(Model):
    """A message a member may sign to link an address, once and for ten minutes."""

    __tablename__ = "link_challenges"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    address: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class Deposit(Model):
    """A final Transfer log of the token to a custodial address, in millionths of TEO. `entry_id`: how it was credited."""

    __tablename__ = "deposits"
    __table_args__ = (
        UniqueConstraint("tx_hash", "log_index"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_deposits_waiting", "holder_id", postgresql_where="entry_id IS NULL"),
        Index("ix_deposits_holder_id_id", "holder_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"))
    address: Mapped[str]
    tx_hash: Mapped[str]
    log_index: Mapped[int]
    block_number: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    is_parked: Mapped[bool] = mapped_column(default=False)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))


class SolvencyTree(Model):
    """The Merkle sum tree of one UTC day over what every member has in custody. Its operation publishes root and total, and so says how far that is."""

    __tablename__ = "solvency_trees"
    __table_args__ = (CheckConstraint("total >= 0", name="total"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    root: Mapped[bytes]
    total: Mapped[int] = mapped_column(BigInteger)
    members: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment)
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), unique=True)

    operation: Mapped[Operation | None] = relationship()


class SolvencyLeaf(Model):
    """A member's place in a tree, and what he needs besides the siblings to prove it. `member` is his e-mail address at that time."""

    __tablename__ = "solvency_leaves"
    __table_args__ = (UniqueConstraint("tree_id", "user_id"), CheckConstraint("amount >= 0", name="amount"))

    tree_id: Mapped[int] = mapped_column(ForeignKey("solvency_trees.id"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    member: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    salt: Mapped[bytes]


class SolvencyLevel(Model):
    """All nodes of one level of a tree, packed: a row for each node would be 200 000 a day at 100 000 members, and a proof reads one of each level."""

    __tablename__ = "solvency_levels"

    tree_id: Mapped[int] = mapped_column(ForeignKey("solvency_trees.id"), primary_key=True)
    height: Mapped[int] = mapped_column(primary_key=True)
    nodes: Mapped[bytes]
