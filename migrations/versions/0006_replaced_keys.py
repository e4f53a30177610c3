"""a holder's address may be replaced, and deposits know theirs; a signer may be retired"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KINDS = "kind IN ('mint', 'burn', 'release', 'deposit',{move} 'empty', 'refused')"


def upgrade():
    op.add_column("wallets", sa.Column("replaced_at", sa.DateTime(timezone=True)))
    op.add_column("wallets", sa.Column("must_move", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.alter_column("wallets", "must_move", server_default=None)
    op.drop_constraint(op.f("uq_wallets_holder_id"), "wallets")
    op.create_index(op.f("ix_wallets_holder_id"), "wallets", ["holder_id"])
    op.create_index("uq_wallets_in_use", "wallets", ["holder_id"], unique=True, postgresql_where="replaced_at IS NULL")
    op.create_index("ix_wallets_must_move", "wallets", ["holder_id"], postgresql_where="must_move")
    op.add_column("deposits", sa.Column("address", sa.String()))
    op.execute("UPDATE deposits d SET address = w.address FROM wallets w WHERE w.holder_id = d.holder_id")
    op.alter_column("deposits", "address", nullable=False)
    _kinds(" 'move',")
    op.add_column("signers", sa.Column("retired_at", sa.DateTime(timezone=True)))


def downgrade():
    """Only while no key was replaced: an older version knows one address of a holder."""
    op.drop_column("signers", "retired_at")
    _kinds("")
    op.drop_column("deposits", "address")
    op.drop_index("ix_wallets_must_move", "wallets")
    op.drop_index("uq_wallets_in_use", "wallets")
    op.drop_index(op.f("ix_wallets_holder_id"), "wallets")
    op.create_unique_constraint(op.f("uq_wallets_holder_id"), "wallets", ["holder_id"])
    op.drop_column("wallets", "must_move")
    op.drop_column("wallets", "replaced_at")


def _kinds(move):
    op.drop_constraint(op.f("ck_entries_kind"), "entries")
    op.create_check_constraint(op.f("ck_entries_kind"), "entries", KINDS.format(move=move))
