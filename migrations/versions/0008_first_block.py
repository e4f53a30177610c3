"""a deployment knows the block before which nothing of it can be found"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("deployments", sa.Column("first_block", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("deployments", "first_block", server_default=None)


def downgrade():
    op.drop_column("deployments", "first_block")
