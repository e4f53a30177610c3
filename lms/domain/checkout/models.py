"""Orders, and what is taken off their price. Amounts in EUR cents."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.checkout.amounts import Amounts
from lms.domain.courses.models import Course
from lms.domain.rulebook.amounts import BASIS, HIGHEST_COUPON, MICRO_PER_CENT
from lms.domain.rulebook.rules import Rules

MOST_CHANGES = 5  # of one decision: each takes a split apart and makes another


class Coupon(Model):
    """A teacher's own: so much off a course of his, or off all of them (`course_id` empty). Either `percent_bp` or `amount` (cents) of the list price."""

    __tablename__ = "coupons"
    __table_args__ = (
        UniqueConstraint("teacher_id", "code"),
        CheckConstraint("code = upper(code)", name="code"),
        CheckConstraint("(percent_bp IS NULL) <> (amount IS NULL)", name="percent_or_amount"),
        CheckConstraint(f"percent_bp BETWEEN 1 AND {HIGHEST_COUPON}", name="percent"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("most_uses > 0", name="most_uses"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    code: Mapped[str]
    percent_bp: Mapped[int | None]
    amount: Mapped[int | None] = mapped_column(BigInteger)
    most_uses: Mapped[int | None]
    starts_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime | None] = mapped_column(Moment)
    stopped_at: Mapped[datetime | None] = mapped_column(Moment)

    course: Mapped[Course | None] = relationship()

    def off(self, listed: int, rules: Rules) -> int:
        """Cents it takes off a list price by these Rules."""
        return rules.coupon_off(listed, self.percent_bp, self.amount)


class TokenPolicy(Model):
    """What a teacher answers to the TEO of a discount when he says nothing: `up_to_bp` is the highest level he takes them at, 0 for never."""

    __tablename__ = "token_policies"
    __table_args__ = (CheckConstraint(f"up_to_bp BETWEEN 0 AND {BASIS}", name="up_to"),)

    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    up_to_bp: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Moment)

    def accepts(self, level_bp: int) -> bool:
        return level_bp <= self.up_to_bp


class Order(Amounts, Model):
    """List price, coupon, level, price, share, tier, reward and rulebook version are frozen here when it is placed.

    `discount` is in cents, the TEO for it are `tokens`. What the sale brought is known once it is decided who gets the TEO: `net` cents to the
    teacher, and `bonus` TEO beside the tokens when he took them (`is_accepted`)."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("buyer_id", "key"),
        CheckConstraint("state IN ('open', 'paid', 'failed', 'expired', 'refunded', 'charged back')", name="state"),
        CheckConstraint("price = list_price - coupon_off AND coupon_off >= 0", name="price"),
        CheckConstraint("price > 0 AND discount BETWEEN 0 AND price AND vat >= 0 AND share BETWEEN 0 AND price", name="amounts"),
        CheckConstraint("(decided_at IS NULL) = (net IS NULL)", name="decided"),
        CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid"),
        CheckConstraint("level_bp >= 0 AND vat_bp >= 0 AND reward_bp >= 0 AND reserved >= 0 AND splits >= 0 AND bonus >= 0", name="frozen"),
        Index("uq_orders_open", "buyer_id", "course_id", unique=True, postgresql_where="state = 'open'"),
        Index("uq_orders_paid", "buyer_id", "course_id", unique=True, postgresql_where="state = 'paid'"),
        Index("ix_orders_state", "state", "id"),
        Index("ix_orders_teacher_id", "teacher_id", "id"),
        Index("ix_orders_sales", "teacher_id", "paid_at", postgresql_where="paid_at IS NOT NULL"),
        Index("ix_orders_expiring", "placed_at", postgresql_where="state = 'open'"),
        Index("ix_orders_undecided", "decide_by", postgresql_where="state = 'paid' AND decided_at IS NULL"),
        Index("ix_orders_kept", "matures_at", postgresql_where="state = 'paid' AND discount > 0 AND NOT is_accepted AND kept_at IS NULL"),
        Index("ix_orders_coupon_id", "coupon_id", postgresql_where="coupon_id IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default="open")
    currency: Mapped[str] = mapped_column(default="EUR")
    list_price: Mapped[int] = mapped_column(BigInteger)
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupons.id"))
    coupon_off: Mapped[int] = mapped_column(BigInteger, default=0)
    price: Mapped[int] = mapped_column(BigInteger)
    level_bp: Mapped[int] = mapped_column(default=0)
    discount: Mapped[int] = mapped_column(BigInteger, default=0)
    vat: Mapped[int] = mapped_column(BigInteger)
    vat_bp: Mapped[int] = mapped_column(default=0)
    share: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[str]
    reward_bp: Mapped[int]
    rule_version: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))
    placed_at: Mapped[datetime] = mapped_column(Moment)
    paid_at: Mapped[datetime | None] = mapped_column(Moment)
    reserved: Mapped[int] = mapped_column(default=0)  # how often its TEO were set aside: a late payment sets them aside again
    decide_by: Mapped[datetime | None] = mapped_column(Moment)  # until then the teacher may say who gets the TEO
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_how: Mapped[str] = mapped_column(default="")  # no discount, policy, teacher or silence
    is_accepted: Mapped[bool] = mapped_column(default=False)
    splits: Mapped[int] = mapped_column(default=0)  # how often it was split: a decision may be changed
    net: Mapped[int | None] = mapped_column(BigInteger)
    bonus: Mapped[int] = mapped_column(BigInteger, default=0)
    matures_at: Mapped[datetime | None] = mapped_column(Moment)  # when what it brought is the teacher's for good
    kept_at: Mapped[datetime | None] = mapped_column(Moment)  # when TEO the teacher declined went to the treasury
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # refunded or charged back

    buyer: Mapped[User] = relationship(foreign_keys=buyer_id)
    teacher: Mapped[User] = relationship(foreign_keys=teacher_id)
    course: Mapped[Course] = relationship()
    coupon: Mapped[Coupon | None] = relationship()

    @property
    def tokens(self) -> int:
        """Millionths of TEO the discount takes."""
        return self.discount * MICRO_PER_CENT

    @property
    def is_decided_for_good(self) -> bool:
        """Whether what was decided has been changed as often as it may be."""
        return self.splits > MOST_CHANGES

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_paid(self) -> bool:
        return self.state == "paid"
