"""disputes told before their payment"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade():
    op.add_column("disputes", sa.Column("payment_reference", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE disputes SET payment_reference = payments.reference FROM payments WHERE payments.id = disputes.payment_id")
    op.alter_column("disputes", "payment_reference", server_default=None)
    op.create_index("ix_disputes_early", "disputes", ["payment_reference"], postgresql_where="payment_id IS NULL")


def downgrade():
    op.drop_index("ix_disputes_early", "disputes")
    op.drop_column("disputes", "payment_reference")
