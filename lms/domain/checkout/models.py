"""Orders, what was taken off their price, the payments that pay them, and what came back. Amounts in EUR cents."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.checkout.amounts import Amounts
from lms.domain.courses.models import Course
from lms.domain.rulebook.amounts import BASIS, HIGHEST_COUPON, MICRO_PER_CENT

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
    starts_at: Mapped[object] = mapped_column(Moment)
    ends_at: Mapped[object | None] = mapped_column(Moment)
    stopped_at: Mapped[object | None] = mapped_column(Moment)

    course: Mapped[Course | None] = relationship()

    def off(self, listed, rules):
        """Cents it takes off a list price by these Rules."""
        return rules.coupon_off(listed, self.percent_bp, self.amount)


class TokenPolicy(Model):
    """What a teacher answers to the TEO of a discount when he says nothing: `up_to_bp` is the highest level he takes them at, 0 for never."""

    __tablename__ = "token_policies"
    __table_args__ = (CheckConstraint(f"up_to_bp BETWEEN 0 AND {BASIS}", name="up_to"),)

    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    up_to_bp: Mapped[int]
    changed_at: Mapped[object] = mapped_column(Moment)

    def accepts(self, level_bp):
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
        Index("uq_orders_open", "buyer_id", "course_id", unique=True, postgresql_where="state = 'open'"),
        Index("uq_orders_paid", "buyer_id", "course_id", unique=True, postgresql_where="state = 'paid'"),
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
    placed_at: Mapped[object] = mapped_column(Moment)
    paid_at: Mapped[object | None] = mapped_column(Moment)
    reserved: Mapped[int] = mapped_column(default=0)  # how often its TEO were set aside: a late payment sets them aside again
    decide_by: Mapped[object | None] = mapped_column(Moment)  # until then the teacher may say who gets the TEO
    decided_at: Mapped[object | None] = mapped_column(Moment)
    decided_how: Mapped[str] = mapped_column(default="")  # no discount, policy, teacher or silence
    is_accepted: Mapped[bool] = mapped_column(default=False)
    splits: Mapped[int] = mapped_column(default=0)  # how often it was split: a decision may be changed
    net: Mapped[int | None] = mapped_column(BigInteger)
    bonus: Mapped[int] = mapped_column(BigInteger, default=0)
    matures_at: Mapped[object | None] = mapped_column(Moment)  # when what it brought is the teacher's for good
    kept_at: Mapped[object | None] = mapped_column(Moment)  # when TEO the teacher declined went to the treasury
    ended_at: Mapped[object | None] = mapped_column(Moment)  # refunded or charged back

    buyer: Mapped[User] = relationship(foreign_keys=buyer_id)
    teacher: Mapped[User] = relationship(foreign_keys=teacher_id)
    course: Mapped[Course] = relationship()
    coupon: Mapped[Coupon | None] = relationship()

    @property
    def tokens(self):
        """Millionths of TEO the discount takes."""
        return self.discount * MICRO_PER_CENT

    @property
    def is_decided_for_good(self):
        """Whether what was decided has been changed as often as it may be."""
        return self.splits > MOST_CHANGES

    @property
    def is_open(self):
        return self.state == "open"

    @property
    def is_paid(self):
        return self.state == "paid"


class Payment(Model):
    """Money a gateway says has arrived. `applied` to the one order it pays, or `held` because it pays none; either is `returned` once a Refund sends it back."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("state IN ('applied', 'held', 'returned')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payments_received_at", "received_at"),
        Index("ix_payments_held", "order_id", postgresql_where="state = 'held'"),
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

    order: Mapped[Order | None] = relationship()


class Refund(Model):
    """A payment sent back, once: a row in the transaction that decided it, carried out by a job. `amount` is all that had not gone by hand before.

    `reference` is the gateway's, once it has taken it."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'done', 'failed')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_waiting", "asked_at", postgresql_where="state IN ('waiting', 'sent')"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="waiting")
    reference: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[object] = mapped_column(Moment)
    done_at: Mapped[object | None] = mapped_column(Moment)

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
    told_at: Mapped[object] = mapped_column(Moment)

    payment: Mapped[Payment] = relationship()


class Dispute(Model):
    """The buyer's bank asks for the money back. Lost, it reverses the sale; `fee` is what the gateway charges for it, won or not.

    One that is told before its payment has only `payment_reference`, and waits for it."""

    __tablename__ = "disputes"
    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("state IN ('open', 'won', 'lost')", name="state"),
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
    opened_at: Mapped[object] = mapped_column(Moment)
    closed_at: Mapped[object | None] = mapped_column(Moment)

    payment: Mapped[Payment | None] = relationship()


class PaperSeries(Model):
    """How far a series of numbers has come: the row is locked by who takes the next."""

    __tablename__ = "paper_series"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Invoice(Model):
    """A paper for the buyer. Nothing on it changes after it is issued: `facts` hold all that it says, amounts in cents and millionths of TEO."""

    __tablename__ = "invoices"
    __table_args__ = (UniqueConstraint("order_id", "kind"), CheckConstraint("kind IN ('invoice', 'credit note')", name="kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[object] = mapped_column(Moment)
    facts: Mapped[dict] = mapped_column(JSONB)


class WebhookEvent(Model):
    """An event of a gateway is handled once, however often it is sent."""

    __tablename__ = "webhook_events"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[object] = mapped_column(Moment)
