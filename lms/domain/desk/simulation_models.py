"""What the node said of a withdrawal's release before anybody approved it."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from lms import clock
from lms.db import Model, Moment
from lms.domain.withdrawals.models import Withdrawal

PATIENCE = timedelta(minutes=2)  # then nobody waits for an answer any longer, and it may be asked for again


class Simulation(Model):
    """The latest answer of a withdrawal's, None in all of it before the first. `amount` (millionths of TEO) and `to` are what was asked about.

    `verdict`: it succeeds, waits for what `why` says, reverts, or is unknown, as nobody could be asked; `why` is the contract's or our own word, for
    ui.simulation_words. `gas` is the limit it would be signed with, `fee_wei` the most it then takes, `balance` the millionths of TEO that the member's
    address here held in the block."""

    __tablename__ = "simulations"
    __table_args__ = (
        CheckConstraint("verdict IN ('succeeds', 'waits', 'reverts', 'unknown')", name="verdict"),
        CheckConstraint('(done_at IS NULL) = (verdict IS NULL) AND (done_at IS NULL) = (amount IS NULL) AND (done_at IS NULL) = ("to" IS NULL)', name="done"),
    )

    withdrawal_id: Mapped[int] = mapped_column(ForeignKey("withdrawals.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    to: Mapped[str | None]
    verdict: Mapped[str | None]
    why: Mapped[str] = mapped_column(default="")
    block_number: Mapped[int | None] = mapped_column(BigInteger)
    gas: Mapped[int | None] = mapped_column(BigInteger)
    fee_wei: Mapped[Decimal | None] = mapped_column(Numeric(40, 0))
    balance: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def is_awaited(self) -> bool:
        """Whether an answer newer than the one that stands here was asked for."""
        return self.done_at is None or self.done_at < self.asked_at

    @property
    def is_running(self) -> bool:
        """Whether it is on its way; one that is late comes no more."""
        return self.is_awaited and clock.now() - self.asked_at < PATIENCE

    def is_about(self, withdrawal: Withdrawal) -> bool:
        """Whether there is an answer, and what it was asked for is what the withdrawal asks for now."""
        return (self.amount, self.to) == (withdrawal.amount, withdrawal.to)

    @property
    def after(self) -> int | None:
        """What the address would hold afterwards; None where it does not go out, or nobody knows."""
        if self.verdict != "succeeds" or self.balance is None or self.amount is None:
            return None
        return self.balance - self.amount
