"""A member's wish to have euros at his bank, where that is, and what admins said of it."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User

if TYPE_CHECKING:
    from lms.domain.withdrawals.bank_file_models import BankFileLine

OPEN = ("in review", "approved", "exported")
UNDONE = ("rejected", "cancelled", "returned")  # all of it is available again


class PayoutDetails(Model):
    """To whom and where euros go. A change is a new row: the newest holds, and a payout keeps the one it was asked with."""

    __tablename__ = "payout_details"
    __table_args__ = (
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        Index("ix_payout_details_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    legal_name: Mapped[str]
    street: Mapped[str]
    postal_code: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]
    tax_id: Mapped[str]
    iban: Mapped[str]  # without spaces
    entered_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def masked_iban(self) -> str:
        """Enough to know it by: `DE89 … 3000`."""
        return f"{self.iban[:4]} … {self.iban[-4:]}"

    @property
    def grouped_iban(self) -> str:
        return " ".join(self.iban[start : start + 4] for start in range(0, len(self.iban), 4))


class Payout(Model):
    """in review → approved → exported (in a bank file; not when paid by hand) → paid; or rejected, cancelled or returned by the bank, and given back.

    `amount` in EUR cents; `admins` must approve it."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("admins > 0", name="admins"),
        CheckConstraint("state IN ('in review', 'approved', 'exported', 'paid', 'rejected', 'cancelled', 'returned')", name="state"),
        CheckConstraint("CASE state WHEN 'paid' THEN bank_reference IS NOT NULL WHEN 'returned' THEN true ELSE bank_reference IS NULL END", name="bank_reference"),
        CheckConstraint("ended_at IS NULL OR state NOT IN ('in review', 'approved', 'exported')", name="ended"),
        Index("ix_payouts_open", "id", postgresql_where="state IN ('in review', 'approved', 'exported')"),
        Index("ix_payouts_closed", text("ended_at DESC"), text("id DESC"), postgresql_where="state NOT IN ('in review', 'approved', 'exported')"),
        Index("ix_payouts_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    details_id: Mapped[int] = mapped_column(ForeignKey("payout_details.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    admins: Mapped[int]
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))  # of the day it was asked for: each of its transfers names it
    state: Mapped[str] = mapped_column(default="in review")
    reason: Mapped[str] = mapped_column(default="")
    bank_reference: Mapped[str | None]
    requested_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    user: Mapped[User] = relationship()
    details: Mapped[PayoutDetails] = relationship()
    if TYPE_CHECKING:
        line: Mapped[BankFileLine | None]  # mapped where the files are
    decisions: Mapped[list["PayoutDecision"]] = relationship(order_by="PayoutDecision.id")

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def approvals(self) -> list["PayoutDecision"]:
        """Those that count: not the word of one who is an admin no more, or was suspended since, nor of one who was made an admin after it was asked for."""
        return [decision for decision in self.decisions if decision.verdict == "approved" and decision.by.may_decide_on(self.requested_at)]


class PayoutDecision(Model):
    """What an admin did with a payout, each thing once."""

    __tablename__ = "payout_decisions"
    __table_args__ = (
        UniqueConstraint("payout_id", "by_id", "verdict"),
        CheckConstraint("verdict IN ('approved', 'rejected', 'paid', 'returned')", name="verdict"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payout_id: Mapped[int] = mapped_column(ForeignKey("payouts.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    verdict: Mapped[str]
    at: Mapped[datetime] = mapped_column(Moment)

    by: Mapped[User] = relationship()
