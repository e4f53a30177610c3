"""disputes told before their payment; refunds made by hand"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade():
    op.add_column("disputes", sa.Column("payment_reference", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE disputes SET payment_reference = payments.reference FROM payments WHERE payments.id = disputes.payment_id")
    op.alter_column("disputes", "payment_reference", server_default=None)
    op.create_index("ix_disputes_early", "disputes", ["payment_reference"], postgresql_where="payment_id IS NULL")
    op.create_table(
        "refunds_by_hand",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_by_hand_amount")),
        sa.CheckConstraint("state IN ('told', 'borne', 'settled', 'failed')", name=op.f("ck_refunds_by_hand_state")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_by_hand_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds_by_hand")),
        sa.UniqueConstraint("payment_id", "reference", name=op.f("uq_refunds_by_hand_payment_id_reference")),
    )


def downgrade():
    op.drop_table("refunds_by_hand")
    op.drop_index("ix_disputes_early", "disputes")
    op.drop_column("disputes", "payment_reference")
