"""Things to do on the chain, exactly once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment

STATES = ("queued", "signed", "sent", "mined", "final", "failed")
_CONTRACTS = {"root": "Notary", "certificates": "Certificate", "revocation": "Certificate"}  # by kind of operation, where it is not the token
NOT_THE_TOKENS = tuple(_CONTRACTS)  # kinds
OPEN_STATES = ("queued", "signed", "sent")
FEES_TOO_HIGH = "fees too high"  # an error that begins so ends by itself, when they fall


class Deployment(Model):
    """Where the contracts stand, deployed by `signer`. Operations and their op numbers belong to one."""

    __tablename__ = "deployments"
    __table_args__ = (Index("uq_deployments_active", "is_active", unique=True, postgresql_where="is_active"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    genesis_hash: Mapped[str]
    signer: Mapped[str]
    next_op: Mapped[int] = mapped_column(BigInteger, default=1)
    first_block: Mapped[int] = mapped_column(BigInteger, default=0)  # nothing of ours is in one before it
    scanned_block: Mapped[int] = mapped_column(BigInteger, default=0)  # deposits are known up to here
    is_active: Mapped[bool] = mapped_column(default=True)
    deployed_at: Mapped[datetime] = mapped_column(Moment)

    contracts: Mapped[list["Contract"]] = relationship(back_populates="deployment", order_by="Contract.nonce")

    def address_of(self, name: str) -> str | None:
        """The address of one of its contracts, or None before that is deployed."""
        return next((contract.address for contract in self.contracts if contract.name == name), None)

    @property
    def token_address(self) -> str | None:
        return self.address_of("TeoCoin")


class Contract(Model):
    """A contract of a deployment: the signer's nonce that its creation holds says where it will stand."""

    __tablename__ = "contracts"
    __table_args__ = (UniqueConstraint("deployment_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    name: Mapped[str]
    address: Mapped[str]
    nonce: Mapped[int] = mapped_column(BigInteger)

    deployment: Mapped[Deployment] = relationship(back_populates="contracts")
    creations: Mapped[list["Creation"]] = relationship(order_by="Creation.id")

    @property
    def bids(self) -> list["Creation"]:
        """What was signed for the nonce it holds, the highest last: whichever is mined, it is the same contract."""
        return [creation for creation in self.creations if creation.nonce == self.nonce]


class Creation(Model):
    """A signed transaction that makes a contract, kept before it is first broadcast. Those of one nonce differ in their fees."""

    __tablename__ = "creations"

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    nonce: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes] = mapped_column(deferred=True)
    tx_hash: Mapped[str] = mapped_column(unique=True)
    signed_at: Mapped[datetime] = mapped_column(Moment)


class Signer(Model):
    """The lane of one key: its next nonce, why it halts if it does, and what a worker last saw of it (`balance` in wei).

    A retired one signs no operation that it has not signed already."""

    __tablename__ = "signers"

    address: Mapped[str] = mapped_column(primary_key=True)
    next_nonce: Mapped[int] = mapped_column(BigInteger, default=0)
    halted: Mapped[str | None]
    retired_at: Mapped[datetime | None] = mapped_column(Moment)
    mined_nonce: Mapped[int] = mapped_column(BigInteger, default=0)
    balance: Mapped[Decimal | None] = mapped_column(Numeric(40, 0))
    seen_at: Mapped[datetime | None] = mapped_column(Moment)


class Operation(Model):
    """`payload` is what an operation needs beside its entries: the target and deadline of a release or a move, the [address, digest] of each certificate that it issues, or of the one that it revokes.
    `is_void`: it shall never happen."""

    __tablename__ = "operations"
    __table_args__ = (
        # Each number is given out once. After a restored database that may be a second time, and a contract knows nothing of what another one did.
        UniqueConstraint("deployment_id", "kind", "op"),
        Index("uq_operations_token_op", "deployment_id", "op", unique=True, postgresql_where="kind NOT IN ('root', 'certificates', 'revocation')"),
        CheckConstraint("state IN ('queued', 'signed', 'sent', 'mined', 'final', 'failed')", name="state"),
        Index("ix_operations_unfinished", "state", "id", postgresql_where="state NOT IN ('final', 'failed')"),
        Index("ix_operations_mined_at", "mined_at"),
        Index("ix_operations_state_kind", "state", "kind"),
        Index("ix_operations_kind_mined_at", "kind", "mined_at"),
        Index("ix_operations_final", "kind", "id", postgresql_where="state = 'final'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    op: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="queued")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_void: Mapped[bool] = mapped_column(default=False)
    signer: Mapped[str | None]  # the lane that signed it last
    queued_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    mined_at: Mapped[datetime | None] = mapped_column(Moment)
    final_at: Mapped[datetime | None] = mapped_column(Moment)
    tx_hash: Mapped[str | None]
    block_number: Mapped[int | None] = mapped_column(BigInteger)
    block_hash: Mapped[str | None]
    gas_used: Mapped[int | None] = mapped_column(BigInteger)
    fee_wei: Mapped[Decimal | None] = mapped_column(Numeric(40, 0))
    error: Mapped[str | None]

    deployment: Mapped[Deployment] = relationship()
    entries: Mapped[list["Entry"]] = relationship(back_populates="operation", order_by="Entry.id")
    attempts: Mapped[list["Attempt"]] = relationship(back_populates="operation", order_by="Attempt.id")

    @property
    def number(self) -> tuple[str, int]:
        """(name of the contract, op): a number is used up in one contract."""
        return _CONTRACTS.get(self.kind, "TeoCoin"), self.op

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def waits_for_fees(self) -> bool:
        """Whether it is not signed, or not again, because the chain asks for more than we ever pay."""
        return self.is_open and (self.error or "").startswith(FEES_TOO_HIGH)


class Entry(Model):
    """What one operation does for one holder: the net of the ledger legs it covers, in millionths of TEO.

    A refused one moved nothing, for good: a burn's legs are uncovered again, a release's were given back. A move covers no leg: it brings what
    stands at the holder's replaced address to the one in use."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("kind IN ('mint', 'burn', 'release', 'deposit', 'move', 'loss', 'empty', 'refused')", name="kind"),
        Index("uq_entries_open_holder", "holder_id", unique=True, postgresql_where="is_open"),
        Index("ix_entries_operation_id", "operation_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"))
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"), index=True)
    address: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    is_open: Mapped[bool] = mapped_column(default=True)

    operation: Mapped[Operation | None] = relationship(back_populates="entries")

    @property
    def signed_amount(self) -> int:
        """What the entry adds to the holder's balance on the chain."""
        return {"mint": self.amount, "deposit": self.amount, "move": 0, "empty": 0, "refused": 0}.get(self.kind, -self.amount)


class Nonce(Model):
    """A signer's nonce belongs to one operation for ever."""

    __tablename__ = "nonces"

    signer: Mapped[str] = mapped_column(ForeignKey("signers.address"), primary_key=True)
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), index=True)


class Attempt(Model):
    """A signed transaction, kept before it is first broadcast. Attempts of one nonce differ in their fees."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), index=True)
    signer: Mapped[str]
    nonce: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes]
    tx_hash: Mapped[str] = mapped_column(unique=True)
    gas: Mapped[int] = mapped_column(BigInteger)
    tip: Mapped[int] = mapped_column(BigInteger)
    cap: Mapped[int] = mapped_column(BigInteger)
    signed_at: Mapped[datetime] = mapped_column(Moment)

    operation: Mapped[Operation] = relationship(back_populates="attempts")


class Event(Model):
    """What befell an operation and is told by none of its times and attempts, with the reason."""

    __tablename__ = "operation_events"
    __table_args__ = (CheckConstraint("kind IN ('waits', 'queued again', 'sent again', 'dropped', 'renumbered', 'failed')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operations.id"), index=True)
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str]
    why: Mapped[str] = mapped_column(default="")


class ChainState(Model):
    """What a worker last saw of the chain: pages and the health check read this, never a node."""

    __tablename__ = "chain_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    head: Mapped[int] = mapped_column(BigInteger)
    head_at: Mapped[int] = mapped_column(BigInteger, default=0)  # the head's own time, in seconds: a development chain's may be any
    base_fee: Mapped[int] = mapped_column(BigInteger, default=0)  # wei
    seen_at: Mapped[datetime] = mapped_column(Moment)
