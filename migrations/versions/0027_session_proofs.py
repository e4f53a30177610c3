"""when who is signed in last gave his password"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade():
    op.add_column("sessions", sa.Column("proven_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE sessions SET proven_at = opened_at")
    op.alter_column("sessions", "proven_at", nullable=False)


def downgrade():
    op.drop_column("sessions", "proven_at")
