"""Custodial wallets: an address a holder has on the chain, its key only as ciphertext."""

from sqlalchemy import ForeignKey
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
