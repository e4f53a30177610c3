"""coupons, discounts in TEO and who gets them, refunds and disputes"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0012"
down_revision = "0011"

Moment = sa.DateTime(timezone=True)
_STATES = "state IN ('open', 'paid', 'failed', 'expired'{})"
_AMOUNTS = "price > 0 AND {}vat >= 0 AND share BETWEEN 0 AND price"


def upgrade():
    _coupons()
    _policies()
    _orders()
    _refunds()
    _disputes()
    op.add_column("courses", sa.Column("discount_bp", sa.Integer(), nullable=False, server_default="1000"))
    op.alter_column("courses", "discount_bp", server_default=None)
    op.create_check_constraint("discount_bp", "courses", "discount_bp BETWEEN 0 AND 1500")
    op.add_column("enrolments", sa.Column("ended_at", Moment))
    op.add_column("grants", sa.Column("taken_back_at", Moment))
    op.drop_index("ix_grants_deferred", "grants")
    op.create_index("ix_grants_deferred", "grants", ["day"], postgresql_where="transfer_id IS NULL AND taken_back_at IS NULL")
    op.drop_constraint(op.f("ck_payments_state"), "payments", type_="check")
    op.create_check_constraint("state", "payments", "state IN ('applied', 'held', 'returned')")
    op.create_index(op.f("ix_payments_received_at"), "payments", ["received_at"])


def downgrade():
    _refuse_what_the_older_code_cannot_read()
    op.drop_index(op.f("ix_payments_received_at"), "payments")
    op.drop_constraint(op.f("ck_payments_state"), "payments", type_="check")
    op.create_check_constraint("state", "payments", "state IN ('applied', 'held')")
    op.drop_index("ix_grants_deferred", "grants")
    op.create_index("ix_grants_deferred", "grants", ["day"], postgresql_where="transfer_id IS NULL")
    op.drop_column("grants", "taken_back_at")
    op.drop_column("enrolments", "ended_at")
    op.drop_column("courses", "discount_bp")
    op.drop_table("disputes")
    op.drop_table("refunds")
    _plain_orders()
    op.drop_table("token_policies")
    op.drop_table("coupons")


def _refuse_what_the_older_code_cannot_read():
    """CommandError: money that went back would be there still."""
    back = "SELECT EXISTS (SELECT FROM payments WHERE state = 'returned') OR EXISTS (SELECT FROM orders WHERE state IN ('refunded', 'charged back'))"
    if op.get_bind().scalar(sa.text(back)):
        raise CommandError("There are payments that went back to the buyer, which the older version does not know. Nothing was taken back.")


def _coupons():
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer()),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("percent_bp", sa.Integer()),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("most_uses", sa.Integer()),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment),
        sa.Column("stopped_at", Moment),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_coupons_code")),
        sa.CheckConstraint("(percent_bp IS NULL) <> (amount IS NULL)", name=op.f("ck_coupons_percent_or_amount")),
        sa.CheckConstraint("percent_bp BETWEEN 1 AND 9000", name=op.f("ck_coupons_percent")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_coupons_amount")),
        sa.CheckConstraint("most_uses > 0", name=op.f("ck_coupons_most_uses")),
        sa.ForeignKeyConstraint(["teacher_id"], ["users.id"], name=op.f("fk_coupons_teacher_id")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_coupons_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("teacher_id", "code", name=op.f("uq_coupons_teacher_id_code")),
    )


def _policies():
    op.create_table(
        "token_policies",
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("up_to_bp", sa.Integer(), nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.CheckConstraint("up_to_bp BETWEEN 0 AND 10000", name=op.f("ck_token_policies_up_to")),
        sa.ForeignKeyConstraint(["teacher_id"], ["users.id"], name=op.f("fk_token_policies_teacher_id")),
        sa.PrimaryKeyConstraint("teacher_id", name=op.f("pk_token_policies")),
    )


def _orders():
    _keep_what_was()
    op.drop_constraint(op.f("ck_orders_state"), "orders", type_="check")
    op.drop_constraint(op.f("ck_orders_amounts"), "orders", type_="check")
    op.create_check_constraint("state", "orders", _STATES.format(", 'refunded', 'charged back'"))
    op.create_check_constraint("price", "orders", "price = list_price - coupon_off AND coupon_off >= 0")
    op.create_check_constraint("amounts", "orders", _AMOUNTS.format("discount BETWEEN 0 AND price AND "))
    op.create_check_constraint("decided", "orders", "(decided_at IS NULL) = (net IS NULL)")
    op.create_foreign_key(op.f("fk_orders_coupon_id"), "orders", "coupons", ["coupon_id"], ["id"])
    op.create_foreign_key(op.f("fk_orders_rule_version"), "orders", "rulebook_versions", ["rule_version"], ["number"])
    op.drop_index("ix_orders_sales", "orders")
    op.create_index("ix_orders_sales", "orders", ["teacher_id", "paid_at"], postgresql_where="paid_at IS NOT NULL")
    op.create_index("ix_orders_undecided", "orders", ["decide_by"], postgresql_where="state = 'paid' AND decided_at IS NULL")
    op.create_index("ix_orders_kept", "orders", ["matures_at"], postgresql_where="state = 'paid' AND discount > 0 AND NOT is_accepted AND kept_at IS NULL")
    op.create_index("ix_orders_coupon_id", "orders", ["coupon_id"], postgresql_where="coupon_id IS NOT NULL")


def _keep_what_was():
    """Each sale until now had neither coupon nor discount, and was split at once."""
    whole, money, often = dict(type_=sa.BigInteger(), nullable=False), dict(type_=sa.BigInteger()), dict(type_=sa.Integer(), nullable=False)
    added = {
        "list_price": (money, None),
        "coupon_id": (dict(type_=sa.Integer()), None),
        "coupon_off": (whole, "0"),
        "level_bp": (often, "0"),
        "discount": (whole, "0"),
        "reserved": (often, "0"),
        "decide_by": (dict(type_=Moment), None),
        "decided_at": (dict(type_=Moment), None),
        "decided_how": (dict(type_=sa.String(), nullable=False), ""),
        "is_accepted": (dict(type_=sa.Boolean(), nullable=False), "false"),
        "splits": (often, "0"),
        "net": (money, None),
        "bonus": (whole, "0"),
        "matures_at": (dict(type_=Moment), None),
        "kept_at": (dict(type_=Moment), None),
        "ended_at": (dict(type_=Moment), None),
    }
    for name, (kind, default) in added.items():
        op.add_column("orders", sa.Column(name, server_default=default, **kind))
        op.alter_column("orders", name, server_default=None)
    op.execute("UPDATE orders SET list_price = price")
    op.execute(
        "UPDATE orders o SET decided_at = o.paid_at, decided_how = 'no discount', net = o.share, splits = 1, matures_at = l.matures_at "
        "FROM orders p LEFT JOIN transfers t ON t.key = 'order\\:' || p.id || '\\:share' LEFT JOIN lots l ON l.transfer_id = t.id "
        "WHERE p.id = o.id AND o.state = 'paid'"
    )
    op.execute("UPDATE transfers SET key = key || '\\:1' WHERE key ~ '^order\\:[0-9]+\\:(share|platform)$'")
    op.alter_column("orders", "list_price", nullable=False)


def _plain_orders():
    op.execute("UPDATE transfers SET key = left(key, -2) WHERE key ~ '^order\\:[0-9]+\\:(share|platform)\\:1$'")
    op.drop_index("ix_orders_sales", "orders")
    for name in ("ix_orders_undecided", "ix_orders_kept", "ix_orders_coupon_id"):
        op.drop_index(name, "orders")
    op.drop_constraint(op.f("fk_orders_rule_version"), "orders", type_="foreignkey")
    for name in ("state", "price", "amounts", "decided"):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders", type_="check")
    names = ("list_price", "coupon_id", "coupon_off", "level_bp", "discount", "reserved", "decide_by", "decided_at", "decided_how")
    for name in (*names, "is_accepted", "splits", "net", "bonus", "matures_at", "kept_at", "ended_at"):
        op.drop_column("orders", name)
    op.create_check_constraint("state", "orders", _STATES.format(""))
    op.create_check_constraint("amounts", "orders", _AMOUNTS.format(""))
    op.create_index("ix_orders_sales", "orders", ["teacher_id", "paid_at"], postgresql_where="state = 'paid'")


def _refunds():
    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("done_at", Moment),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'done', 'failed')", name=op.f("ck_refunds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_refunds_payment_id")),
    )
    op.create_index("ix_refunds_waiting", "refunds", ["asked_at"], postgresql_where="state IN ('waiting', 'sent')")


def _disputes():
    op.create_table(
        "disputes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Integer()),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.CheckConstraint("state IN ('open', 'won', 'lost')", name=op.f("ck_disputes_state")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("gateway", "reference", name=op.f("uq_disputes_gateway_reference")),
    )
    op.create_index(op.f("ix_disputes_payment_id"), "disputes", ["payment_id"])
    op.create_index("ix_disputes_open", "disputes", ["opened_at"], postgresql_where="state = 'open'")
