"""Custodial wallets: an address a holder has on the chain, its key only as ciphertext."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, Moment


class Wallet(Model):
    __tablename__ = "wallets"

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"), unique=True)
    address: Mapped[str] = mapped_column(unique=True)
    ciphertext: Mapped[bytes] = mapped_column(deferred=True)
    wrapped_key: Mapped[bytes] = mapped_column(deferred=True)
    kek_version: Mapped[int]
    created_at: Mapped[object] = mapped_column(Moment)


class Deposit(Model):
    """A final Transfer log of the token to a custodial address, in millionths of TEO. `entry_id`: how it was credited."""

    __tablename__ = "deposits"
    __table_args__ = (
        UniqueConstraint("tx_hash", "log_index"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_deposits_waiting", "holder_id", postgresql_where="entry_id IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"))
    tx_hash: Mapped[str]
    log_index: Mapped[int]
    block_number: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[object] = mapped_column(Moment)
    is_parked: Mapped[bool] = mapped_column(default=False)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
