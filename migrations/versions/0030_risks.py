"""signs of fraud of a withdrawal, what an approval was given for, and from which devices and networks members sign in"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "sightings",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("first_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sightings_user_id")),
        sa.PrimaryKeyConstraint("user_id", "device", "network", name=op.f("pk_sightings")),
    )
    for column in ("last_at", "device", "network"):
        op.create_index(f"ix_sightings_{column}", "sightings", [column])
    op.add_column("withdrawals", sa.Column("risks", JSONB(), server_default="[]", nullable=False))
    op.add_column("withdrawals", sa.Column("risk", sa.Integer(), server_default="0", nullable=False))
    for column in ("risks", "risk"):
        op.alter_column("withdrawals", column, server_default=None)
    op.add_column("withdrawal_approvals", sa.Column("amount", sa.BigInteger()))
    op.add_column("withdrawal_approvals", sa.Column("to", sa.String()))
    op.execute('UPDATE withdrawal_approvals a SET amount = w.amount, "to" = w."to" FROM withdrawals w WHERE w.id = a.withdrawal_id')
    for column in ("amount", "to"):
        op.alter_column("withdrawal_approvals", column, nullable=False)
    op.create_index("ix_withdrawals_to", "withdrawals", [sa.text('lower("to")')])


def downgrade():
    op.drop_index("ix_withdrawals_to", "withdrawals")
    for column in ("to", "amount"):
        op.drop_column("withdrawal_approvals", column)
    op.drop_column("withdrawals", "risk")
    op.drop_column("withdrawals", "risks")
    op.drop_table("sightings")
