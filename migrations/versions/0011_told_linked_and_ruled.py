"""every transfer has its rulebook version; notices, linked wallets, a wallet frozen by its member"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.execute("UPDATE transfers SET rule_version = 1 WHERE rule_version IS NULL")
    op.alter_column("transfers", "rule_version", nullable=False)
    op.create_foreign_key(op.f("fk_transfers_rule_version"), "transfers", "rulebook_versions", ["rule_version"], ["number"])
    op.add_column("users", sa.Column("frozen_at", Moment))
    op.add_column("users", sa.Column("password_changed_at", Moment))
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("read_at", Moment),
        sa.Column("delivered_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("user_id", "kind", "subject", name=op.f("uq_notices_user_id_kind_subject")),
    )
    op.create_index("ix_notices_user_id_id", "notices", ["user_id", "id"])
    op.create_index("ix_notices_unread", "notices", ["user_id"], postgresql_where="read_at IS NULL")
    op.create_index("ix_notices_undelivered", "notices", ["id"], postgresql_where="delivered_at IS NULL")
    op.create_table(
        "linked_wallets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("linked_at", Moment, nullable=False),
        sa.Column("usable_at", Moment, nullable=False),
        sa.Column("removed_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_linked_wallets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_wallets")),
    )
    op.create_index(op.f("ix_linked_wallets_user_id"), "linked_wallets", ["user_id"])
    op.create_index("uq_linked_wallets_address", "linked_wallets", [sa.text("lower(address)")], unique=True, postgresql_where="removed_at IS NULL")


def downgrade():
    op.drop_table("linked_wallets")
    op.drop_table("notices")
    op.drop_column("users", "password_changed_at")
    op.drop_column("users", "frozen_at")
    op.drop_constraint(op.f("fk_transfers_rule_version"), "transfers", type_="foreignkey")
    op.alter_column("transfers", "rule_version", nullable=True)
