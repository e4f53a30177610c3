"""what the node says of a withdrawal before it is approved, and until when a dispute is answered"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "simulations",
        sa.Column("withdrawal_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("done_at", Moment),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("to", sa.String()),
        sa.Column("verdict", sa.String()),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("block_number", sa.BigInteger()),
        sa.Column("gas", sa.BigInteger()),
        sa.Column("fee_wei", sa.Numeric(40, 0)),
        sa.Column("balance", sa.BigInteger()),
        sa.CheckConstraint("verdict IN ('succeeds', 'waits', 'reverts', 'unknown')", name=op.f("ck_simulations_verdict")),
        sa.CheckConstraint(
            """(done_at IS NULL) = (verdict IS NULL) AND (done_at IS NULL) = (amount IS NULL) AND (done_at IS NULL) = ("to" IS NULL)""",
            name=op.f("ck_simulations_done"),
        ),
        sa.ForeignKeyConstraint(["withdrawal_id"], ["withdrawals.id"], name=op.f("fk_simulations_withdrawal_id")),
        sa.PrimaryKeyConstraint("withdrawal_id", name=op.f("pk_simulations")),
    )
    op.add_column("disputes", sa.Column("answer_by", Moment))


def downgrade():
    op.drop_column("disputes", "answer_by")
    op.drop_table("simulations")
