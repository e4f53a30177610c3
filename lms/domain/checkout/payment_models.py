"""Money that came for orders, and what came back of it. Amounts in EUR cents."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.checkout.models import Order

_ANSWER_BY = "(\nCASE\n    WHEN state = 'open' THEN answer_by\n    ELSE NULL\nEND)"  # as PostgreSQL writes it, or the history of the schema would seem to differ


class Payment(Model):
    """Money a gateway says has arrived. `applied` to the one order it pays, or `held` because it pays none; either is `returned` once a Refund sends it back."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("state IN ('applied', 'held', 'returned')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state <> 'applied' OR order_id IS NOT NULL", name="applied"),
        Index("ix_payments_received_at", "received_at"),
        Index("ix_payments_reference", "reference"),
        Index("ix_payments_unapplied", "order_id", postgresql_where="state <> 'applied'"),
        Index("uq_payments_applied", "order_id", unique=True, postgresql_where="state = 'applied'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    reference: Mapped[str]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime] = mapped_column(Moment)

    order: Mapped[Order | None] = relationship()


class Refund(Model):
    """A payment sent back, once: a row in the transaction that decided it, carried out by a job. `amount` is all that had not gone by hand before.

    `reference` is the gateway's, once it has taken it."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'done', 'failed')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_refunds_state", "state", "id"),
        Index("ix_refunds_waiting", "asked_at", postgresql_where="state IN ('waiting', 'sent')"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="waiting")
    reference: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)

    payment: Mapped[Payment] = relationship()


class RefundByHand(Model):
    """A part of a payment that went back by the gateway's own pages. told → borne by the platform; settled once the whole sale goes back; or it failed."""

    __tablename__ = "refunds_by_hand"
    __table_args__ = (
        UniqueConstraint("payment_id", "reference"),
        CheckConstraint("state IN ('told', 'borne', 'settled', 'failed')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    reference: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    told_at: Mapped[datetime] = mapped_column(Moment)

    payment: Mapped[Payment] = relationship()


class Dispute(Model):
    """The buyer's bank asks for the money back. Lost, it reverses the sale; `fee` is what the gateway charges for it, won or not, `answer_by` until when
    evidence is taken, where the gateway has told it.

    One that is told before its payment has only `payment_reference`, and waits for it."""

    __tablename__ = "disputes"
    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("state IN ('open', 'won', 'lost')", name="state"),
        CheckConstraint("amount >= 0 AND fee >= 0", name="amounts"),
        Index("ix_disputes_state", "state", "id"),
        Index("ix_disputes_listed", text("(state <> 'open')"), text(_ANSWER_BY), text("id DESC")),
        Index("ix_disputes_open", "opened_at", postgresql_where="state = 'open'"),
        Index("ix_disputes_early", "payment_reference", postgresql_where="payment_id IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    reference: Mapped[str]
    payment_reference: Mapped[str]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    reason: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime] = mapped_column(Moment)
    answer_by: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)

    payment: Mapped[Payment | None] = relationship()


class WebhookEvent(Model):
    """An event of a gateway is handled once, however often it is sent."""

    __tablename__ = "webhook_events"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(Moment)
