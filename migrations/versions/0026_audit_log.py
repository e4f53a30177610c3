"""the audit log: rows chained by their hashes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"


def upgrade():
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), sa.ForeignKey("users.id")),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("hash", sa.String()),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_audit_log_open", "audit_log", ["id"], postgresql_where="number IS NULL")
    for column in ("subject", "by_id", "action"):
        op.create_index(f"ix_audit_log_{column}", "audit_log", [column, "number"])


def downgrade():
    op.drop_table("audit_log")
