"""exactly once: what a release, a dropped operation, a deposit and a lane need"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

KINDS = "kind IN ('mint', 'burn', 'release', 'deposit', 'empty'{more})"
# (table, column, type, what the rows that are there get)
FILLED = (
    ("chain_state", "base_fee", sa.BigInteger(), "0"),
    ("chain_state", "head_at", sa.BigInteger(), "0"),
    ("deployments", "scanned_block", sa.BigInteger(), "0"),
    ("operations", "payload", postgresql.JSONB(), "'{}'"),
    ("operations", "is_void", sa.Boolean(), "false"),
    ("signers", "mined_nonce", sa.BigInteger(), "0"),
)


def upgrade():
    for table, name, kind, value in FILLED:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=sa.text(value)))
        op.alter_column(table, name, server_default=None)
    op.add_column("operations", sa.Column("signer", sa.String()))
    op.execute("UPDATE operations o SET signer = (SELECT a.signer FROM attempts a WHERE a.operation_id = o.id ORDER BY a.id DESC LIMIT 1)")
    op.add_column("signers", sa.Column("balance", sa.Numeric(40, 0)))
    op.add_column("signers", sa.Column("seen_at", sa.DateTime(timezone=True)))
    _kinds(", 'refused'")
    _withdrawals()
    _deposits()


def downgrade():
    op.drop_table("deposits")
    op.drop_table("withdrawals")
    _kinds("")
    op.drop_column("signers", "seen_at")
    op.drop_column("signers", "balance")
    op.drop_column("operations", "signer")
    for table, name, *_ in FILLED:
        op.drop_column(table, name)


def _kinds(more):
    op.drop_constraint(op.f("ck_entries_kind"), "entries")
    op.create_check_constraint(op.f("ck_entries_kind"), "entries", KINDS.format(more=more))


def _withdrawals():
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("operation_id", sa.Integer()),
        sa.Column("error", sa.String()),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_withdrawals_amount")),
        sa.CheckConstraint("state IN ('approved', 'queued', 'sent', 'failed')", name=op.f("ck_withdrawals_state")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_withdrawals_operation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_withdrawals_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        sa.UniqueConstraint("key", name=op.f("uq_withdrawals_key")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_withdrawals_operation_id")),
    )
    op.create_index("ix_withdrawals_approved", "withdrawals", ["id"], postgresql_where="state = 'approved'")
    op.create_index(op.f("ix_withdrawals_user_id"), "withdrawals", ["user_id"])


def _deposits():
    op.create_table(
        "deposits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.Integer(), nullable=False),
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_parked", sa.Boolean(), nullable=False),
        sa.Column("entry_id", sa.Integer()),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deposits_amount")),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], name=op.f("fk_deposits_deployment_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_deposits_entry_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["holders.id"], name=op.f("fk_deposits_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposits")),
        sa.UniqueConstraint("tx_hash", "log_index", name=op.f("uq_deposits_tx_hash_log_index")),
    )
    op.create_index("ix_deposits_waiting", "deposits", ["holder_id"], postgresql_where="entry_id IS NULL")
