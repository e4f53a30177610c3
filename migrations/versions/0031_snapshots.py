"""what an admin's home counted on each day, why a mail did not go out, and that an admin gave it up"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade():
    op.create_table(
        "snapshots",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", name=op.f("pk_snapshots")),
    )
    op.add_column("mails", sa.Column("failure", sa.String(), server_default="", nullable=False))
    op.alter_column("mails", "failure", server_default=None)
    op.add_column("mails", sa.Column("dropped_at", sa.DateTime(timezone=True)))


def downgrade():
    for column in ("dropped_at", "failure"):
        op.drop_column("mails", column)
    op.drop_table("snapshots")
