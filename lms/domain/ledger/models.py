"""Double entry, balanced by form. Amounts: EUR in cents, TEO in millionths."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment

BigInt = BigInteger


class Holder(Model):
    """One address on the chain: a member's custody, or the treasury's (user_id empty)."""

    __tablename__ = "holders"
    __table_args__ = (UniqueConstraint("user_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Account(Model):
    """`balance` is a cache of the transfers, kept under the row's lock; `flask audit` derives it again."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("user_id", "asset", "name", postgresql_nulls_not_distinct=True),
        CheckConstraint("asset IN ('TEO', 'EUR')", name="asset"),
        CheckConstraint("sign IN (-1, 0, 1)", name="sign_known"),
        CheckConstraint("balance * sign >= 0", name="sign"),
        CheckConstraint("asset = 'TEO' OR holder_id IS NULL", name="holder"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("holders.id"), index=True)
    name: Mapped[str]
    asset: Mapped[str]
    sign: Mapped[int]
    balance: Mapped[int] = mapped_column(BigInt, default=0)


class Transfer(Model):
    """`amount` moves from source to target. A side that changes what a holder holds on the chain is a leg:
    its holder stands here, and the chain entry that covers it once there is one."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("source_id <> target_id", name="two_accounts"),
        CheckConstraint("jsonb_typeof(evidence) = 'object' AND evidence <> '{}'", name="evidence"),
        CheckConstraint("asset IN ('TEO', 'EUR')", name="asset"),
        Index("ix_transfers_source_id_id", "source_id", "id"),
        Index("ix_transfers_target_id_id", "target_id", "id"),
        Index("ix_transfers_source_uncovered", "source_holder_id", postgresql_where="source_entry_id IS NULL AND source_holder_id IS NOT NULL"),
        Index("ix_transfers_target_uncovered", "target_holder_id", postgresql_where="target_entry_id IS NULL AND target_holder_id IS NOT NULL"),
        Index("ix_transfers_source_entry_id", "source_entry_id", postgresql_where="source_entry_id IS NOT NULL"),
        Index("ix_transfers_target_entry_id", "target_entry_id", postgresql_where="target_entry_id IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    asset: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInt)
    at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)  # what it was decided by
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))
    source_holder_id: Mapped[int | None] = mapped_column(ForeignKey("holders.id"))
    target_holder_id: Mapped[int | None] = mapped_column(ForeignKey("holders.id"))
    source_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    target_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))

    source: Mapped[Account] = relationship(foreign_keys=source_id)
    target: Mapped[Account] = relationship(foreign_keys=target_id)

    @property
    def repayment_key(self) -> str:
        """Under this key what it credited repaid a debt, if there was one."""
        return f"{self.key}:debt"

    @property
    def as_evidence(self) -> dict[str, Any]:
        """As the evidence of a transfer that follows from it names it."""
        return {"transfer": self.id, "credit": self.reason, "amount": self.amount}
