"""what befell an operation is kept, not only the last of it; what a day cost is found"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    op.create_table(
        "operation_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('waits', 'queued again', 'sent again', 'dropped', 'renumbered', 'failed')", name=op.f("ck_operation_events_kind")),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name=op.f("fk_operation_events_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_events")),
    )
    op.create_index(op.f("ix_operation_events_operation_id"), "operation_events", ["operation_id"])
    op.create_index("ix_operations_mined_at", "operations", ["mined_at"])


def downgrade():
    op.drop_index("ix_operations_mined_at", "operations")
    op.drop_table("operation_events")
