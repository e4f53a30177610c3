"""A member's wish to have TEO at an address of his own."""

import json
from datetime import datetime
from hashlib import sha256

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Facts, Model, Moment
from lms.domain.accounts.models import User
from lms.domain.onchain.models import Operation

UNDECIDED = ("checking", "in review")
UNDONE = ("cancelled", "rejected", "failed")  # all of it is available again


class Withdrawal(Model):
    """checking → (in review) → approved → queued (with its operation) → sent; or undone: cancelled, rejected, failed. `amount` in millionths of TEO.

    `is_prompt`: what of it is not on the chain yet shall not wait for the regular batch. `flags`: the words of review.py for why an admin looks at it.
    `refusal`: what the admin who rejected it tells the member; `hold_reason` what he who holds it does, `hold_note` what only admins read. One that an operator makes has no linked wallet."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name="hold"),
        CheckConstraint("state IN ('checking', 'in review', 'approved', 'queued', 'sent', 'failed', 'cancelled', 'rejected')", name="state"),
        CheckConstraint("risk >= 0 AND recent >= 0 AND approvals_needed >= 0", name="counts"),
        Index("ix_withdrawals_approved", "id", postgresql_where="state = 'approved'"),
        Index("ix_withdrawals_undecided", "state", "id", postgresql_where="state IN ('checking', 'in review')"),
        Index("ix_withdrawals_review_amount", text("amount DESC"), "id", postgresql_where="state = 'in review'"),
        Index("ix_withdrawals_review_risk", text("risk DESC"), "id", postgresql_where="state = 'in review'"),
        Index("ix_withdrawals_decided", text("coalesce(decided_at, requested_at) DESC"), text("id DESC"), postgresql_where="state NOT IN ('checking', 'in review')"),
        Index("ix_withdrawals_requested_at", "requested_at"),
        Index("ix_withdrawals_to", text('lower("to")')),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    linked_wallet_id: Mapped[int | None] = mapped_column(ForeignKey("linked_wallets.id"))
    to: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    is_prompt: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(JSONB, default=list)
    risks: Mapped[list[Facts]] = mapped_column(JSONB, default=list)  # {name, weight, facts} of each sign of fraud, the heaviest first: for admins alone
    risk: Mapped[int] = mapped_column(default=0)  # the sum of their weights
    recent: Mapped[int] = mapped_column(BigInteger, default=0)  # what combined_amounts.asked_for said of him as it was checked
    approvals_needed: Mapped[int] = mapped_column(default=0)  # of different admins
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))  # of the day it was asked for: each of its transfers names it
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), unique=True)
    refusal: Mapped[str | None]
    held_at: Mapped[datetime | None] = mapped_column(Moment)
    hold_reason: Mapped[str | None]
    hold_note: Mapped[str | None]
    error: Mapped[str | None]
    requested_at: Mapped[datetime] = mapped_column(Moment)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)  # approved, cancelled or rejected

    user: Mapped[User] = relationship()
    operation: Mapped[Operation | None] = relationship()
    approvals: Mapped[list["Approval"]] = relationship(order_by="Approval.at")

    @property
    def is_looked_at(self) -> bool:
        """Whether an admin must, for whatever reason."""
        return bool(self.flags or self.risks)

    @property
    def is_undecided(self) -> bool:
        return self.state in UNDECIDED

    @property
    def digest(self) -> str:
        """Hex of SHA-256 over what an admin decides by: of another digest is what he was not shown."""
        shown = [self.id, self.state, self.amount, self.to, self.flags, self.risks, self.held_at and self.held_at.timestamp()]
        return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()

    @property
    def standing(self) -> list["Approval"]:
        """The approvals that count: not the word of one who is an admin no more, or was suspended since, as it may not have been his own,
        nor of one who was made an admin after it was asked for; nor one that was given for another amount or address: what is changed is decided anew."""
        is_meant = (self.amount, self.to)
        return [approval for approval in self.approvals if approval.admin.may_decide_on(self.requested_at) and (approval.amount, approval.to) == is_meant]

    @property
    def may_be_cancelled(self) -> bool:
        """Until it is approved; while his wallet is frozen also after that, as somebody else may have asked for it."""
        return self.is_undecided or (self.state == "approved" and self.user.is_frozen)

    @property
    def was_approved(self) -> bool:
        """Whether it had every word it needed, also where it was undone afterwards. Judged is one of which `recent` is known; an operator's needs no word."""
        return bool(self.recent or self.linked_wallet_id is None) and len(self.approvals) >= self.approvals_needed

    @property
    def was_stopped(self) -> bool:
        """Whether an operator was faster than it: its number is used up on the chain and nothing was sent. When that is final it is given back."""
        operation = self.operation
        return operation is not None and operation.is_void and operation.state == "mined" and any(entry.is_open for entry in operation.entries)

    @property
    def is_held(self) -> bool:
        """Whether an admin needs more time for it: until it is let go on nobody approves it. What is over is held no more, and keeps what was said of it."""
        return self.state == "in review" and self.held_at is not None

    @property
    def is_undone(self) -> bool:
        return self.state in UNDONE


class Approval(Model):
    """An admin's word for a withdrawal in review, once each, as he saw it: of this amount, to this address."""

    __tablename__ = "withdrawal_approvals"

    withdrawal_id: Mapped[int] = mapped_column(ForeignKey("withdrawals.id"), primary_key=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    amount: Mapped[int] = mapped_column(BigInteger)
    to: Mapped[str]

    admin: Mapped[User] = relationship()
