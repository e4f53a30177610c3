"""What was earned by learning, and lots that mature."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms import clock
from lms.db import Facts, Model, Moment
from lms.domain.ledger.models import Transfer


class Grant(Model):
    """A reward the rulebook gives, once per key for ever. Above a daily cap the rest waits as a deferred grant."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_grants_user_id_day", "user_id", "day"),
        Index("ix_grants_day", "day"),
        Index("ix_grants_payer_id_course_id", "payer_id", "course_id"),
        Index("ix_grants_deferred", "day", postgresql_where="transfer_id IS NULL AND taken_back_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    payer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))  # whose purchase of the course it comes out of, and goes back with; mostly his own
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    kind: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    # the UTC day it counts against the caps; of a deferred one the first day it may be granted
    day: Mapped[date]
    matures_at: Mapped[datetime] = mapped_column(Moment)
    rule_version: Mapped[int]
    evidence: Mapped[Facts] = mapped_column(JSONB, default=dict)
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("transfers.id"), unique=True)
    taken_back_at: Mapped[datetime | None] = mapped_column(Moment)  # with a refund; its key is used all the same

    transfer: Mapped[Transfer | None] = relationship()

    @property
    def is_deferred(self) -> bool:
        return self.transfer_id is None

    @property
    def is_mature(self) -> bool:
        """Whether it was credited and its day has come."""
        return not self.is_deferred and self.matures_at <= clock.now()


class Lot(Model):
    """An amount that stands in a member's maturing account until its day, in EUR or TEO: of the credit what repaid no debt and was not taken back."""

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_lots_due", "matures_at", postgresql_where="matured_id IS NULL AND amount > 0"),
        Index("ix_lots_user_id", "user_id", postgresql_where="matured_id IS NULL AND amount > 0"),
    )

    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfers.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    matures_at: Mapped[datetime] = mapped_column(Moment)
    matured_id: Mapped[int | None] = mapped_column(ForeignKey("transfers.id"))

    transfer: Mapped[Transfer] = relationship(foreign_keys=transfer_id)
