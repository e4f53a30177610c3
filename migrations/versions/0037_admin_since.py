"""since when an admin is one"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade():
    op.add_column("users", sa.Column("admin_since", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("users", "admin_since")
