"""an address waits by the rules of the day its wait began, reckoned and not kept"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade():
    op.drop_column("linked_wallets", "usable_at")


def downgrade():
    op.add_column("linked_wallets", sa.Column("usable_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE linked_wallets SET usable_at = linked_at + interval '24 hours'")
    op.alter_column("linked_wallets", "usable_at", nullable=False)
