"""Orders and the payments that pay them. Amounts in EUR cents."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course


class Order(Model):
    """Price, share, tier, reward and rulebook version are frozen here when it is placed."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("buyer_id", "key"),
        CheckConstraint("state IN ('open', 'paid', 'failed', 'expired')", name="state"),
        CheckConstraint("price > 0 AND vat >= 0 AND share BETWEEN 0 AND price", name="amounts"),
        Index("uq_orders_open", "buyer_id", "course_id", unique=True, postgresql_where="state = 'open'"),
        Index("uq_orders_paid", "buyer_id", "course_id", unique=True, postgresql_where="state = 'paid'"),
        Index("ix_orders_sales", "teacher_id", "paid_at", postgresql_where="state = 'paid'"),
        Index("ix_orders_expiring", "placed_at", postgresql_where="state = 'open'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default="open")
    currency: Mapped[str] = mapped_column(default="EUR")
    price: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    share: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[str]
    reward_bp: Mapped[int]
    rule_version: Mapped[int]
    placed_at: Mapped[object] = mapped_column(Moment)
    paid_at: Mapped[object | None] = mapped_column(Moment)

    buyer: Mapped[User] = relationship(foreign_keys=buyer_id)
    teacher: Mapped[User] = relationship(foreign_keys=teacher_id)
    course: Mapped[Course] = relationship()

    @property
    def total(self):
        """What the card is charged: the price with VAT."""
        return self.price + self.vat

    @property
    def is_open(self):
        return self.state == "open"

    @property
    def is_paid(self):
        return self.state == "paid"


class Payment(Model):
    """Money a gateway says has arrived. `applied` to the one order it pays, or `held` because it pays none."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("state IN ('applied', 'held')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        Index("uq_payments_applied", "order_id", unique=True, postgresql_where="state = 'applied'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    reference: Mapped[str]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    received_at: Mapped[object] = mapped_column(Moment)


class WebhookEvent(Model):
    """An event of a gateway is handled once, however often it is sent."""

    __tablename__ = "webhook_events"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[object] = mapped_column(Moment)
