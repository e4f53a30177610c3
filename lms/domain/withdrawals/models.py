"""A member's wish to have TEO at an address of his own."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.onchain.models import Operation


class Withdrawal(Model):
    """approved → queued (with its operation) → sent, or failed and given back. `amount` in millionths of TEO."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('approved', 'queued', 'sent', 'failed')", name="state"),
        Index("ix_withdrawals_approved", "id", postgresql_where="state = 'approved'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    to: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="approved")
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), unique=True)
    error: Mapped[str | None]
    requested_at: Mapped[object] = mapped_column(Moment)

    user: Mapped[User] = relationship()
    operation: Mapped[Operation | None] = relationship()
