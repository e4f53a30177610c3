"""TEO a teacher binds for a larger share of his sales. Amounts in millionths of TEO."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, Moment


class Stake(Model):
    """`left` of what was staked then is staked still; it can be taken out from `unlocks_at` on."""

    __tablename__ = "stakes"
    __table_args__ = (
        CheckConstraint("amount > 0 AND left_over BETWEEN 0 AND amount", name="amounts"),
        Index("ix_stakes_user_id", "user_id", "id", postgresql_where="left_over > 0"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    left: Mapped[int] = mapped_column("left_over", BigInteger)
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))
    staked_at: Mapped[datetime] = mapped_column(Moment)
    unlocks_at: Mapped[datetime] = mapped_column(Moment)


class Unstaking(Model):
    """What was asked out of a stake: it counts for no tier any more, and is available from `releases_at` on."""

    __tablename__ = "unstakings"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_unstakings_due", "releases_at", postgresql_where="released_at IS NULL"),
        Index("ix_unstakings_user_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    releases_at: Mapped[datetime] = mapped_column(Moment)
    released_at: Mapped[datetime | None] = mapped_column(Moment)
