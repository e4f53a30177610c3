"""payments found by their order, applied or not"""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade():
    op.create_index("ix_payments_order_id", "payments", ["order_id"])


def downgrade():
    op.drop_index("ix_payments_order_id", "payments")
