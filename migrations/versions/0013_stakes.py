"""TEO that teachers stake, and what they ask out again"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

Moment = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "stakes",
        *_columns("stakes"),
        sa.Column("left_over", sa.BigInteger(), nullable=False),
        sa.Column("staked_at", Moment, nullable=False),
        sa.Column("unlocks_at", Moment, nullable=False),
        sa.CheckConstraint("amount > 0 AND left_over BETWEEN 0 AND amount", name=op.f("ck_stakes_amounts")),
    )
    op.create_index("ix_stakes_user_id", "stakes", ["user_id", "id"], postgresql_where="left_over > 0")
    op.create_table(
        "unstakings",
        *_columns("unstakings"),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("releases_at", Moment, nullable=False),
        sa.Column("released_at", Moment),
        sa.CheckConstraint("amount > 0", name=op.f("ck_unstakings_amount")),
    )
    op.create_index("ix_unstakings_due", "unstakings", ["releases_at"], postgresql_where="released_at IS NULL")
    op.create_index("ix_unstakings_user_id", "unstakings", ["user_id", "id"])


def downgrade():
    op.drop_table("unstakings")
    op.drop_table("stakes")


def _columns(table):
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id")),
        sa.ForeignKeyConstraint(["rule_version"], ["rulebook_versions.number"], name=op.f(f"fk_{table}_rule_version")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("key", name=op.f(f"uq_{table}_key")),
    )
