"""withdrawals that are checked, reviewed and cancelled"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

Moment = sa.DateTime(timezone=True)
_BEFORE = "state IN ('approved', 'queued', 'sent', 'failed')"
_NOW = "state IN ('checking', 'in review', 'approved', 'queued', 'sent', 'failed', 'cancelled', 'rejected')"


def upgrade():
    _states(_NOW)
    op.add_column("withdrawals", sa.Column("linked_wallet_id", sa.Integer()))
    op.create_foreign_key(op.f("fk_withdrawals_linked_wallet_id"), "withdrawals", "linked_wallets", ["linked_wallet_id"], ["id"])
    op.add_column("withdrawals", sa.Column("is_prompt", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("withdrawals", sa.Column("flags", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.add_column("withdrawals", sa.Column("recent", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("withdrawals", sa.Column("approvals_needed", sa.Integer(), nullable=False, server_default="0"))
    for name in ("is_prompt", "flags", "recent", "approvals_needed"):
        op.alter_column("withdrawals", name, server_default=None)
    op.add_column("withdrawals", sa.Column("decided_at", Moment))
    op.execute("UPDATE withdrawals SET decided_at = requested_at")
    op.add_column("withdrawals", sa.Column("refusal", sa.String()))
    op.create_index("ix_withdrawals_undecided", "withdrawals", ["state", "id"], postgresql_where="state IN ('checking', 'in review')")
    op.create_index("ix_withdrawals_requested_at", "withdrawals", ["requested_at"])
    op.create_index("ix_operations_final", "operations", ["kind", "id"], postgresql_where="state = 'final'")
    op.create_table(
        "withdrawal_approvals",
        sa.Column("withdrawal_id", sa.Integer(), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["withdrawal_id"], ["withdrawals.id"], name=op.f("fk_withdrawal_approvals_withdrawal_id")),
        sa.ForeignKeyConstraint(["admin_id"], ["users.id"], name=op.f("fk_withdrawal_approvals_admin_id")),
        sa.PrimaryKeyConstraint("withdrawal_id", "admin_id", name=op.f("pk_withdrawal_approvals")),
    )


def downgrade():
    _refuse_what_the_older_code_cannot_read()
    op.drop_table("withdrawal_approvals")
    op.drop_index("ix_operations_final")
    op.drop_index("ix_withdrawals_requested_at")
    op.drop_index("ix_withdrawals_undecided")
    for name in ("refusal", "decided_at", "approvals_needed", "recent", "flags", "is_prompt", "linked_wallet_id"):
        op.drop_column("withdrawals", name)
    _states(_BEFORE)


def _refuse_what_the_older_code_cannot_read():
    """CommandError: what waits for an admin would go out, and what was given back would be owed again."""
    if op.get_bind().scalar(sa.text(f"SELECT EXISTS (SELECT FROM withdrawals WHERE NOT {_BEFORE})")):
        raise CommandError("There are withdrawals that are checked, reviewed, cancelled or rejected, which the older version does not know. Nothing was taken back.")


def _states(allowed):
    op.drop_constraint(op.f("ck_withdrawals_state"), "withdrawals", type_="check")
    op.create_check_constraint("state", "withdrawals", allowed)
