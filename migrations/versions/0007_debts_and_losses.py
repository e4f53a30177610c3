"""debts and losses: a lot says what is left of it; an entry may be a loss"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KINDS = "kind IN ('mint', 'burn', 'release', 'deposit', 'move'{more}, 'empty', 'refused')"
INDEXES = (("ix_lots_due", "matures_at"), ("ix_lots_user_id", "user_id"))


def upgrade():
    op.add_column("lots", sa.Column("amount", sa.BigInteger()))
    op.execute("UPDATE lots l SET amount = t.amount FROM transfers t WHERE t.id = l.transfer_id")
    op.alter_column("lots", "amount", nullable=False)
    op.create_check_constraint(op.f("ck_lots_amount"), "lots", "amount >= 0")
    _indexes("matured_id IS NULL AND amount > 0")
    _kinds(", 'loss'")


def downgrade():
    _kinds("")
    _indexes("matured_id IS NULL")
    op.drop_column("lots", "amount")


def _indexes(where):
    for name, column in INDEXES:
        op.drop_index(name, table_name="lots")
        op.create_index(name, "lots", [column], postgresql_where=where)


def _kinds(more):
    op.drop_constraint(op.f("ck_entries_kind"), "entries")
    op.create_check_constraint(op.f("ck_entries_kind"), "entries", KINDS.format(more=more))
